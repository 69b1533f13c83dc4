"""Formats that hold others: archives, compressed streams, arrays of Python objects. One file a format."""
