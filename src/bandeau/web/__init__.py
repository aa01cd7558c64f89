"""Edge: HTTP shells, endpoints and pages."""
