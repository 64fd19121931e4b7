"""Segmentation: which pixel is collector, sodium, void, dead sodium or electrolyte."""
