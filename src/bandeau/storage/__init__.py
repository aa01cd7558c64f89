"""Edge: files and databases."""
