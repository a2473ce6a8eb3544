"""Collect: feedback, customers and issues come in, over HTTP, each vendor in its own shape."""
