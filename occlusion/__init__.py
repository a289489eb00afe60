"""Faces behind things: image and landmarks in, occluded image and what it covers out.

It knows images and landmarks only; it imports nothing from ``multimodal``.
"""
