"""What is measured, and compared in the same run; see __main__.py."""
