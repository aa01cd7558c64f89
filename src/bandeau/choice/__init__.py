"""What the visitor decided, and what of it stands today. Pure."""
