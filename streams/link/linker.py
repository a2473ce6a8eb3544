"""What the linking stage asks about words: an index that follows the store, and how sure it is.

Everything here is a function of committed rows: issues, lessons, the last certificate and, where
one is kept, the table of word vectors. Two workers that have read the same rows give the same
answers.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import chain
from threading import Lock

import structlog

from sinks.store.contract import Transaction
from sinks.store.learned import Certificate, Lesson
from sinks.store.rows import EpicRow
from streams.link import tables
from streams.link.answers import TOP, Answer, candidates
from streams.link.certificate import NEVER, certainty_of
from streams.link.likeness import language
from streams.link.likeness.index import Index
from streams.link.likeness.learning import Taught
from streams.link.likeness.reading import once
from streams.link.likeness.remembered import Remembered
from streams.link.likeness.saved import WORTH_KEEPING, Stale
from streams.link.likeness.tiers import Tier, TierName, tier_called

PAGE = 5_000
"""Lessons that are taken in at once."""
INDEX, VECTORS = "index:", "learned:"
"""How the names begin under which an index is kept, by its basis, and vectors of learned texts, by
the tier alone: so that no release leaves behind what the next one does not drop."""

log = structlog.get_logger()


class Linker:
    """Answers for one tier; safe to ask from several threads.

    Args:
        tier: ``quality`` needs the extra ``minilm``.
        page: lessons that are taken in at once; what comes of them is the same for each.
        anew: encode every text that was learned, whatever is kept of it.

    Raises:
        NotInstalled: at the first question, where the tier's model is not there.
    """

    def __init__(self, tier: TierName = "fast", page: int = PAGE, *, anew: bool = False) -> None:
        self.tier = tier
        self._page = page
        self._anew = anew
        self._made: Tier | None = None
        self._table = ""
        self._taught: Taught | None
        self._remembered: Remembered | None
        self._index: Index | None
        self._lock = Lock()
        self._epic_mark: int
        self._lesson_mark: int
        self._epics: dict[str, EpicRow]
        self._lessons: dict[tuple[int, int], str]
        self._titles: dict[str, str]
        self._certificate: Certificate | None = None
        self._computed: int
        self._has_met: bool
        self._took_back: bool
        self._forget()

    @property
    def basis(self) -> str:
        """Names the vectors: figures of another basis cannot be compared."""
        return self._ready().basis

    def basis_now(self, tx: Transaction) -> str:
        """The same, by the table that is committed now."""
        with self._lock:
            self._follow(tx)
            return self.basis

    @property
    def version(self) -> str:
        """What decisions carry."""
        return (
            f"{self.tier}:{self._certificate.at:%Y%m%d%H%M%S}" if self._certificate else self.tier
        )

    def ask(self, tx: Transaction, texts: Sequence[str]) -> list[Answer]:
        """What each passage is like, by what is committed now."""
        with self._lock:
            self._refresh(tx)
            return self._answers(texts)

    def refresh(self, tx: Transaction) -> tuple[str, int]:
        """Take in what was committed since the last time.

        Returns the basis and how many issues there are, of one moment: another thread may begin
        anew right after it.
        """
        with self._lock:
            self._refresh(tx)
            return self.basis, len(self._index) if self._index is not None else 0

    def state(self) -> tuple[object, ...]:
        """Everything that was learned, to compare it bit for bit."""
        with self._lock:
            return self._learned().state()

    def keepable(self) -> dict[str, bytes]:
        """What is to be kept for the next start, by the name to keep it under.

        The index, and vectors of what was learned; not where what is kept is nearly as good.
        """
        with self._lock:
            if self._index is None:
                return {}
            rows, vectors = self._rows(self._index), self._vectors()
            made = {INDEX + self.basis: rows, VECTORS + self.tier: vectors}
        return {name: body for name, body in made.items() if body is not None}

    def _rows(self, index: Index) -> bytes | None:
        if self._computed <= WORTH_KEEPING * len(index):
            return None
        self._computed = 0
        return index.save()

    def _vectors(self) -> bytes | None:
        """Of the texts that count now; a lesson that was taken back is kept no longer."""
        if self._remembered is None:
            return None
        met = (row.epic.summary for row in self._epics.values() if self._has_met)
        texts = chain(met, self._titles.values(), self._lessons.values())
        took_back, self._took_back = self._took_back, False
        return self._remembered.keepable(texts, none_else=took_back)

    def _ready(self) -> Tier:
        """Loaded when it is first needed: a worker that only meets explicit keys loads no table."""
        if self._made is None:
            self._made = tier_called(self.tier)
        return self._made

    def _learned(self) -> Taught:
        if self._taught is None:
            self._taught = Taught(self._remembered or self._ready().encoder)
        return self._taught

    def _remember(self, kept: bytes | None) -> None:
        """Take up what was encoded before this start."""
        self._remembered, self._took_back = Remembered(self._ready().encoder), True
        if kept is None:
            return
        try:
            self._remembered.load(kept)
        except Stale as wrong:
            log.info("vectors_left_alone", tier=self.tier, why=str(wrong))

    def _refresh(self, tx: Transaction) -> None:
        """Everything is read before any of it is taken in; what was taken in halfway is forgotten.

        So a store that goes away in between leaves no mark behind whose rows were never seen.
        """
        self._follow(tx)
        epics, epic_mark = tx.epics.since(self._epic_mark)
        lessons, lesson_mark = tx.learned.lessons(self._lesson_mark)
        starts = self._index is None
        remembers = starts and self._ready().slow and not self._anew
        kept = tx.learned.kept(INDEX + self.basis) if starts else None
        vectors = tx.learned.kept(VECTORS + self.tier) if remembers else None
        certificate = tx.learned.certificate(self.tier)
        try:
            if remembers:
                self._remember(vectors[0] if vectors else None)
            self._take_epics(epics, kept[0] if kept else None)
            for start in range(0, len(lessons), self._page):
                self._take_lessons(lessons[start : start + self._page])
            self._meet_titles()
        except Exception:
            self._forget()
            raise
        self._epic_mark, self._lesson_mark = epic_mark, lesson_mark
        self._certificate = certificate

    def _follow(self, tx: Transaction) -> None:
        """Begin anew where another table is in use than the last time."""
        named = tables.named(tx, self.tier)
        if named != self._table:
            made = tier_called(self.tier, tables.load(tx, named))
            self._forget()
            self._made, self._table = made, named

    def _forget(self) -> None:
        """Begin anew, from the store's first row."""
        self._taught = self._index = self._remembered = None
        self._epic_mark = self._lesson_mark = self._computed = 0
        self._epics, self._lessons, self._titles = {}, {}, {}
        self._has_met = self._took_back = False

    def _take_epics(self, changed: Sequence[EpicRow], kept: bytes | None) -> None:
        gone = [row.epic.id for row in changed if row.epic.deleted]
        there = [row for row in changed if not row.epic.deleted]
        before = [self._epics.pop(row.epic.id, None) for row in changed]
        self._epics.update({row.epic.id: row for row in there})
        if self._has_met:
            taught = self._learned()
            taught.part([row.epic.summary for row in before if row is not None])
            taught.meet([row.epic.summary for row in there])
        self._named({row.epic.id for row in changed} & self._titles.keys())
        words = [(row.epic.id, row.epic.summary, row.epic.description) for row in there]
        self._index_epics(gone, words, kept)

    def _index_epics(
        self, gone: Sequence[str], there: Sequence[tuple[str, str, str]], kept: bytes | None
    ) -> None:
        if self._index is not None:
            for epic_id in gone:
                self._index.remove(epic_id)
            self._index.put_all(there)
            self._computed += len(there)
            return
        self._index = self._ready().index(self._learned())
        try:
            self._computed = self._index.load(kept, there) if kept else len(there)
        except Stale:
            kept, self._computed = None, len(there)
        if kept is None:
            self._index.put_all(there)

    def _take_lessons(self, lessons: Sequence[Lesson]) -> None:
        fresh: list[tuple[str, str]] = []
        for lesson in lessons:
            self._unlearn(lesson)
            if lesson.learned:
                self._lessons[lesson.remark_id, lesson.issue_id] = lesson.text
                fresh.append((str(lesson.issue_id), lesson.text))
        self._learned().learn_all(fresh)
        self._named({epic_id for epic_id, _ in fresh} - self._titles.keys())

    def _meet_titles(self) -> None:
        """What lessons are measured against, as soon as there are any and for as long."""
        due = bool(self._lessons)
        if due != self._has_met:
            taught = self._learned()
            (taught.meet if due else taught.part)([r.epic.summary for r in self._epics.values()])
            self._has_met = due

    def _unlearn(self, lesson: Lesson) -> None:
        """What was learned of the remark before, and the title with an issue's last lesson."""
        text = self._lessons.pop((lesson.remark_id, lesson.issue_id), None)
        if text is None:
            return
        self._took_back = True
        epic_id, taught = str(lesson.issue_id), self._learned()
        taught.unlearn(epic_id, text)
        if taught.size(epic_id) == 1 and epic_id in self._titles:
            taught.unlearn(epic_id, self._titles.pop(epic_id))

    def _named(self, epic_ids: Collection[str]) -> None:
        """The titles of issues with lessons are learned as if each were one of them."""
        rows = {epic_id: self._epics.get(epic_id) for epic_id in sorted(epic_ids)}
        now = {epic_id: row.epic.summary if row else "" for epic_id, row in rows.items()}
        for epic_id in now.keys() & self._titles.keys():
            self._learned().unlearn(epic_id, self._titles[epic_id])
        self._titles.update(now)
        self._learned().learn_all(list(now.items()))

    def _answers(self, texts: Sequence[str]) -> list[Answer]:
        if self._index is None or not len(self._index) or not texts:
            return [Answer([], tier=self.tier) for _ in texts]
        looked = self._index.look(texts, TOP)
        model, least = certainty_of(self._certificate, self.basis, len(self._index))
        confidence = model.rank(looked.features)
        foreign = once(language.detect_all, texts, self._ready().pieces)
        chance = language.lowered(model.probability(looked.features), foreign)
        sure = (confidence >= least) & (chance > language.MOST_OTHER)
        found = [
            candidates(text, near, float(best), self._epics)
            for text, near, best in zip(texts, looked.candidates, chance, strict=True)
        ]
        return [
            Answer(
                near,
                features=tuple(looked.features[at].tolist()),
                confidence=float(confidence[at]),
                sure=bool(sure[at]) and bool(near),
                tier=self.tier,
                basis=self.basis,
                epics=len(self._index),
                certified=least < NEVER,
            )
            for at, near in enumerate(found)
        ]
