"""The admin function: see handler.py."""
