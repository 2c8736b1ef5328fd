"""Everything on one machine, on loopback sockets."""
