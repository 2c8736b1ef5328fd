"""The stand-in for AWS: real workers behind the Runtime API."""
