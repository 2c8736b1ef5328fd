"""The emulated AWS, asked as a deployer asks it."""
