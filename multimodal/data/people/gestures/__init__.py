"""Rendered photos of people who show hand signs, for a hand detector to learn from."""
