"""The tiers together: the next one is asked only what is not sure yet."""

from __future__ import annotations

from collections.abc import Sequence

from sinks.store.contract import Transaction
from streams.link.answers import Answer
from streams.link.likeness.reading import Reading
from streams.link.linker import Linker


class Linkers:
    """The tiers in the order in which they are asked: the next one only what is not sure yet."""

    def __init__(self, *tiers: Linker) -> None:
        self.tiers = tiers

    @property
    def version(self) -> str:
        """What decisions carry."""
        return "+".join(tier.version for tier in self.tiers)

    def ask(self, tx: Transaction, texts: Sequence[str]) -> list[list[Answer]]:
        """For each passage what each tier that was asked said; the last one counts."""
        answers: list[list[Answer]] = [[] for _ in texts]
        open_ = list(range(len(texts)))
        reading = Reading(texts)
        for tier in self.tiers:
            said = tier.ask(tx, reading.only(open_))
            for at, answer in zip(open_, said, strict=True):
                answers[at].append(answer)
            open_ = [at for at in open_ if not answers[at][-1].sure]
        return answers
