"""chalice as a second host of the functions, and as the way to a SAM template."""
