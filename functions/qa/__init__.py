"""The function that finds passages in documents: see handler.py."""
