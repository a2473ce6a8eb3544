"""Linking opens no socket and unpickles nothing, from the first import to the last answer."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = '''
import sys

met = []


def watch(event, arguments):
    """Python raises these whoever asks: no library gets round them."""
    if event.startswith(("socket.", "pickle.")):
        met.append(event)
        raise RuntimeError(event)


sys.addaudithook(watch)
{first}
from datetime import UTC, datetime, timedelta
from sinks.store.fake import FakeStore
from sinks.store.learned import Lesson
from sinks.contracts import Sighting
from schemas.events import Epic
from streams.link.linker import Linker

now = datetime(2026, 3, 2, tzinfo=UTC)
titles = ("Sort the exported ledger", "Dark mode for the app", "Single sign-on with Okta")
store = FakeStore()
store.open()
linker, late = Linker(), Linker()
with store.transaction() as tx:
    tx.epics.put([
        Sighting(epic=Epic(id=str(at), key=f"APP-{{at}}", summary=title), updated_at=now)
        for at, title in enumerate(titles, 1)
    ])
    linker.refresh(tx)
    for name, body in linker.keepable().items():
        tx.learned.keep(name, body, now)
    tx.learned.teach([Lesson(remark_id=1, issue_id=2, text="too bright at night")])
    (answer,) = linker.ask(tx, ["it is too bright at night"])
    assert late.ask(tx, ["it is too bright at night"]) == [answer]
    assert answer.candidates[0].issue_key == "APP-2", answer
    assert not late.keepable()
assert not met, met
print("answered")
'''


def probe(first: str = "") -> subprocess.CompletedProcess[str]:
    """A process that loads the linker, puts issues, learns, answers, and loads a kept index."""
    code = PROBE.format(first=first)
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_no_socket_is_opened_and_nothing_is_unpickled() -> None:
    """Neither at load nor at link, by nobody in the process."""
    done = probe()
    assert (done.stdout.strip(), done.returncode) == ("answered", 0), done.stderr


@pytest.mark.parametrize(
    ("first", "event"),
    [
        ("import socket; socket.socket()", "socket.__new__"),
        ("import pickle, fractions; pickle.loads(pickle.dumps(fractions.Fraction(1)))", "pickle."),
    ],
    ids=["socket", "pickle"],
)
def test_the_watch_sees_both(first: str, event: str) -> None:
    """Else the test above would say nothing."""
    done = probe(first)
    assert done.returncode != 0
    assert event in done.stderr


@pytest.mark.parametrize("path", sorted(ROOT.glob("streams/link/**/*.py")), ids=lambda it: it.name)
def test_nothing_here_asks_for_pickles(path: Path) -> None:
    """Nor by numpy, which reads them only when told to."""
    words = path.read_text()
    for forbidden in ("import pickle", "allow_pickle=True", "joblib", "marshal", "shelve"):
        assert forbidden not in words
