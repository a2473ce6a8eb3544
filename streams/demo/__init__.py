"""The story that ``closeloop demo`` plays, over the same interfaces that the real senders use."""
