"""Grains and pores through the steps of a series: registration, links, events."""
