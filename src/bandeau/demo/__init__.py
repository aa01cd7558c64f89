"""Edge: a demo newspaper and the pretend third parties that watch it."""
