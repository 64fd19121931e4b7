"""Synthetic micrographs whose truth is known exactly."""
