"""Cleaning of micrographs: data bars, curtains, shading and noise; nothing here runs unless a recipe says so."""
