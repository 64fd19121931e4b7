"""Measurement: numbers with intervals from labelled arrays and their pixel size."""
