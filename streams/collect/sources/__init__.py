"""One folder per vendor: verify, parse, fixtures, tests, README."""
