"""Cameras and files -> timed frames; results -> video, JSONL, CSV and sound files."""
