"""Bandeau: consent for publishers' web sites, enforced on the server and proven."""
