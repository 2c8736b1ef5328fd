"""One file per port, on every adapter that is registered."""
