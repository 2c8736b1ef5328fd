"""What the owner runs: the gateway, the page, and later the deployers."""
