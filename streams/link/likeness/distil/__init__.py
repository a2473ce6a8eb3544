"""Builds the packaged table of word vectors from pinned packages; not needed at run time."""
