"""Benchmarks, run from a checkout: ``python -m bench.latency``. Nothing in the program imports from here."""
