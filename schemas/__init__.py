"""What flows: every topic as data, every event as a Struct, and the one codec for both."""
