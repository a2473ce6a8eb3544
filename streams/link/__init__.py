"""Ties each remark to its account and to the epic that would solve it, or puts it to a person."""
