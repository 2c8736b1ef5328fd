"""The stand-ins for the clouds."""
