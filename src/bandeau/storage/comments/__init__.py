"""Comments in tables, the same for every database."""
