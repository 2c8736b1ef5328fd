"""The owner's side: the command line, the plan, the clouds' targets, and the whole thing on one machine."""
