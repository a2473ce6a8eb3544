"""Knows the customers: the history of accounts, deals and reps, and whose remark a remark is."""
