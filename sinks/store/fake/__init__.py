"""The store in memory: the same contract, for tests that ask about rules and not about SQL."""

from sinks.store.fake.store import FakeStore

__all__ = ["FakeStore"]
