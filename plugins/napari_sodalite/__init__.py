"""The napari plugin: open micrographs in um, run a recipe, look, correct, re-measure and save.

Nothing is imported here: the process that measures folders lives in this package and needs no viewer.
"""
