"""Edge: SQLite stores."""
