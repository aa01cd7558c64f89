"""A policy as configuration of a web server, which then does the header work by itself."""
