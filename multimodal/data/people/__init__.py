"""Synthetic people: a free 3D body, posed, moved by action units, lit and rendered."""
