"""The functions that run in the owner's cloud, one folder each, and `shared`, which they stand on."""
