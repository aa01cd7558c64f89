"""What may pass: verdicts on cookies, headers and markup. Pure."""
