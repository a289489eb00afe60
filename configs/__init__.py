"""The project's YAML configs, shipped as package data."""
