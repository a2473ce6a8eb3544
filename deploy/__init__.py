"""Broker and database that the project starts by itself, and what it takes to deploy."""
