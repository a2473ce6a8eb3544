"""Kafka as a place to write to, and its administration."""
