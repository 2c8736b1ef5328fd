"""The chat function: see handler.py."""
