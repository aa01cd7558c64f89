"""What opens with consent. Pure, with ports."""
