"""What is declared: the policy file as frozen values. Pure."""
