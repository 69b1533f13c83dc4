"""Benchmarks, each beside its peers; `make bench`."""
