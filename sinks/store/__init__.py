"""The long memory: one contract, PostgreSQL behind it, and a fake beside it."""
