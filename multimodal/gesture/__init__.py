"""Frame -> hands with the names of their signs."""
