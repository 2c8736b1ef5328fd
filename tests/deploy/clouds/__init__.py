"""The deployer on its clouds, emulated."""
