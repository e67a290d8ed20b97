"""Calibration: from the answers of first sittings to measured questions, and their promotion."""
