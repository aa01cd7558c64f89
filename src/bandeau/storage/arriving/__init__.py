"""Files that other systems write their comments to, read one comment at a time."""
