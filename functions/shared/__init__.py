"""What the functions share. Imports go one way only: handlers, serve, adapters, tools, values (design, section 3)."""
