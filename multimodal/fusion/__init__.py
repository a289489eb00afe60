"""Expression and gesture -> one decision, or 'not sure'."""
