"""The linker and its peers behind one verb: the best five epics for each text."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
import numpy as np
import psutil

from schemas.events import Epic as Issue
from sinks.contracts import Sighting
from sinks.store.fake import FakeStore
from sinks.store.learned import Certificate
from streams.link.likeness import minilm, table
from streams.link.likeness.blend import QUALITY
from streams.link.likeness.index import BATCH, Index
from streams.link.likeness.scores import Matrix
from streams.link.linker import Linker
from streams.link.linkers import Linkers

TOP = 5
TITLE_WORDS, BODY_WORDS, TEXT_WORDS = 8, 40, 25
BATCHES, SINGLES = 8, 200
WARM = 16
SEED = 20_260_101
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Epic = tuple[str, str, str]
Rank = Callable[[Sequence[str]], object]


class Speed(msgspec.Struct, frozen=True):
    """What was measured; `reason` says why nothing was."""

    engine: str
    epics: int
    per_s: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    built_s: float = 0.0
    memory_bytes: int = 0
    reason: str = ""


def measure(engine: str, epics: str) -> Speed:
    """One engine, in this process."""
    size = int(epics)
    known = made_up(size)
    batches = [said(number) for number in range(BATCHES)]
    table.packaged.cache_clear()
    gc.collect()
    before = psutil.Process().memory_info().rss
    start = time.process_time()
    rank = ENGINES[engine](known)
    built = time.process_time() - start
    for text in batches[0][:WARM]:
        rank([text])
    start = time.process_time()
    for batch in batches:
        rank(batch)
    per_s = BATCHES * BATCH / (time.process_time() - start)
    singles = [_timed(rank, text) * 1e3 for text in batches[0][:SINGLES]]
    p50, p95 = np.percentile(singles, [50, 95])
    memory = psutil.Process().memory_info().rss - before
    return Speed(engine, size, per_s, float(p50), float(p95), built, memory)


def made_up(size: int) -> list[Epic]:
    """Epics of words that are as frequent as words are."""
    random = np.random.default_rng(SEED)
    titles = _texts(random, size, TITLE_WORDS)
    bodies = _texts(random, size, BODY_WORDS)
    return [(str(n), *words) for n, words in enumerate(zip(titles, bodies, strict=True))]


def said(number: int) -> list[str]:
    """A batch of remarks; none is drawn as the epics are, which the seed with a nought would be."""
    return _texts(np.random.default_rng((SEED, number + 1)), BATCH, TEXT_WORDS)


def ours(epics: Sequence[Epic]) -> Rank:
    """The fast tier."""
    index = Index(table.packaged())
    index.put_all(epics)
    return lambda texts: index.rank(texts, TOP)


def our_cascade(epics: Sequence[Epic]) -> Rank:
    """Both tiers as a worker asks them, half of the texts settled by the fast one.

    The epics' own sentence vectors are drawn and kept in the store, where a worker finds those of
    its last start: they do not change the speed.
    """
    store = planned(epics)
    fast, quality = Linker("fast"), Linker("quality")
    drawn = Index(_Drawn(minilm.beside(table.packaged())), QUALITY)
    drawn.put_all((str(number), *epic[1:]) for number, epic in enumerate(epics, 1))
    with store.transaction() as tx:
        tx.learned.keep(f"index:{quality.basis}", drawn.save(), NOW)
        tx.learned.certify(_by_score(fast, 0.0))
        answers = [answer for number in range(BATCHES) for answer in fast.ask(tx, said(number))]
        sure = [answer.confidence * answer.sure for answer in answers]
        tx.learned.certify(_by_score(fast, float(np.median(sure))))
    both = Linkers(fast, quality)

    def rank(texts: Sequence[str]) -> object:
        with store.transaction() as tx:
            return both.ask(tx, texts)

    rank(said(0)[:1])
    return rank


def planned(epics: Sequence[Epic]) -> FakeStore:
    """A store with these epics as issues."""
    store = FakeStore()
    store.open()
    issues = [
        Issue(id=str(number), key=f"APP-{number}", summary=title, description=body)
        for number, (_, title, body) in enumerate(epics, 1)
    ]
    with store.transaction() as tx:
        tx.epics.put([Sighting(epic=issue, updated_at=NOW) for issue in issues])
    return store


def tfidf_letters(epics: Sequence[Epic]) -> Rank:
    """scikit-learn, pieces of words of three to five letters."""
    return _tfidf(epics, analyzer="char_wb", ngram_range=(3, 5))


def tfidf_words(epics: Sequence[Epic]) -> Rank:
    """scikit-learn, words and pairs of words."""
    return _tfidf(epics, ngram_range=(1, 2))


def bm25(epics: Sequence[Epic]) -> Rank:
    """bm25s with stems."""
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("english")
    cut = {"stopwords": "en", "stemmer": stemmer, "show_progress": False}
    retriever = bm25s.BM25()
    corpus = bm25s.tokenize([f"{title} {body}" for _, title, body in epics], **cut)
    retriever.index(corpus, show_progress=False)

    def rank(texts: Sequence[str]) -> object:
        tokens = bm25s.tokenize(list(texts), **cut)
        return retriever.retrieve(tokens, k=TOP, n_threads=1, show_progress=False)

    return rank


ENGINES: dict[str, Callable[[Sequence[Epic]], Rank]] = {
    "ours": ours,
    "cascade": our_cascade,
    "tfidf letters": tfidf_letters,
    "tfidf words": tfidf_words,
    "bm25s": bm25,
}


class _Drawn:
    """Drawn unit vectors under the name of others."""

    def __init__(self, like: minilm.Blend) -> None:
        self.name, self.width = like.name, like.width

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One unit row per text."""
        rows = np.random.default_rng(SEED).normal(size=(len(texts), self.width))
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _by_score(linker: Linker, least: float) -> Certificate:
    """Links from this confidence on, which rises with the score alone."""
    return Certificate(
        tier=linker.tier,
        basis=linker.basis,
        at=NOW,
        labels=0,
        audits=0,
        calibration={"logistic": [[0.0], [1.0], [1.0], 0.0], "steps": None, "columns": 1},
        least=least,
        passed=0,
        wrong=0,
        p=0.9,
        delta=0.1,
    )


def _tfidf(epics: Sequence[Epic], **how: object) -> Rank:
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(**how, sublinear_tf=True, dtype=np.float32)
    rows = vectorizer.fit_transform([f"{title} {body}" for _, title, body in epics]).T.tocsr()

    def rank(texts: Sequence[str]) -> object:
        scores = (vectorizer.transform(texts) @ rows).toarray()
        return np.argpartition(-scores, TOP, axis=1)[:, :TOP]

    return rank


def _timed(rank: Rank, text: str) -> float:
    start = time.process_time()
    rank([text])
    return time.process_time() - start


def _texts(random: np.random.Generator, size: int, words: int) -> list[str]:
    known = table.packaged().words()
    place = np.arange(1, len(known) + 1)
    chance = 1 / place
    drawn = random.choice(len(known), size=(size, words), p=chance / chance.sum())
    return [" ".join(known[at] for at in row) for row in drawn]
