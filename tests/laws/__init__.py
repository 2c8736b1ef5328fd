"""What holds for every value, not only for the examples."""
