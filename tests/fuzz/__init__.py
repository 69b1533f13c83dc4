"""Fuzz targets for the readers of formats, by atheris; no part of the test suite."""
