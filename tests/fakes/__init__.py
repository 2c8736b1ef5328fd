"""Stand-ins that tests pass in: written once, typed, small."""
