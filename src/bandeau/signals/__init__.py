"""The choice in other alphabets. Pure."""
