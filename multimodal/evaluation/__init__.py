"""Predictions -> metrics: pooled scores, detection scores, tables, reports.

The front doors of ``veilspeak evaluate`` are ``evaluation.expression`` and ``evaluation.gesture``;
what measures a part loads when that part is measured.
"""
