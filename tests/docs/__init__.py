"""The documentation, compared with what it documents."""
