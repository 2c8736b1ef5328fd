"""The gatekeeper: see handler.py."""
