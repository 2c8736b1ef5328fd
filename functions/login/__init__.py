"""The login function: see handler.py."""
