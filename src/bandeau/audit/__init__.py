"""Whether a site keeps its word: what a browser saw, held against what the visitor chose."""
