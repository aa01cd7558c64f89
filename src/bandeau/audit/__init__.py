"""Whether a site keeps its word. Pure, with one port."""
