"""Tells each person involved, once: decides who, gathers it into one mail a person, sends it."""
