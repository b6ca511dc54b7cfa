"""A module that a fork server in a test preloads."""
