"""Knows when something has shipped, which is not when somebody said that it is done."""
