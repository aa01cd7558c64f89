"""The real browser: what pages look like in it."""
