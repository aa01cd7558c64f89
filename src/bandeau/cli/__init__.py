"""The command line: help text and flags beside the code."""
