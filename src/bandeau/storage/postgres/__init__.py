"""Edge: PostgreSQL stores."""
