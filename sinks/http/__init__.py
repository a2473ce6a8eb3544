"""What every sink behind HTTP has in common: what an answer means, and how a stand-in runs."""
