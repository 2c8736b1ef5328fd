"""Stand-ins for the clouds, on one machine: what is deployed to them runs there as it was packaged."""
