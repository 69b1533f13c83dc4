"""Tests against other implementations, which `make peers` fetches."""
