"""Measurement for right/wrong exams as pure functions on NumPy arrays.

Ability (theta) and item difficulty are in logits; theta = 0 is the candidate who just passes. Raw scores count
right answers. Nothing here reads a database or a clock, and chance comes only from seeds that the caller gives.
"""
