"""Sites that wait for their audit, in tables of either database."""
