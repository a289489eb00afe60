"""Config and data -> weights with a card."""
