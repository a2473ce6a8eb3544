"""What leaves the process. Nothing here knows how it flows: `streams` is never imported."""
