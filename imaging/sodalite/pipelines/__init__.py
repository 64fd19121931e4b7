"""Pipelines: recipes that know how to segment and measure their kind of sample."""
