"""Edge: the real browser that the auditor drives."""
