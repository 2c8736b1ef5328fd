"""The loop that streams on Lambda, in processes of its own."""
