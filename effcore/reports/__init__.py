"""What the commands and the pages report, as plain data."""
