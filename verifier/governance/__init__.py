"""The registry's write side: making the documents that people and CI sign."""
