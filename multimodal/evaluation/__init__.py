"""Predictions -> metrics: pooled scores, detection scores, tables."""
