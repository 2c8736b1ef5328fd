"""What the page decides, tested by Node's own runner."""
