"""The index ranks, follows changes at once, and answers whatever text it is given, offline."""

import math
import socket
import time
from typing import NoReturn

import pytest
from safetensors.numpy import load, save

from streams.link.likeness import table
from streams.link.likeness.blend import FAST
from streams.link.likeness.clean import first_words, strip_hints, strip_template
from streams.link.likeness.features import NAMES
from streams.link.likeness.index import Index
from streams.link.likeness.saved import Stale

EPICS = [
    ("1", "Export invoices as CSV", "Accountants want all invoices of a month in one file."),
    ("2", "Single sign-on with SAML", "Log in through the company's identity provider."),
    ("3", "Dark mode", "A dark theme for all pages."),
]

STRANGE = [
    "",
    "word",
    "word " * 100_000,
    "w" * 100_000,
    "🙂🙃 🚀",
    "هل يمكن تصدير الفواتير",
    "האם אפשר לייצא חשבוניות",
    "0123456789 42",
    "https://example.com/browse/ABC-1?x=1#y",
    "\x00\ud800 \u202e",
]


DESCRIPTION = """\
### Steps to reproduce
The upload stops at night.
- [x] I searched for duplicates
**Server version:** 17
2020-01-02 10:11:12 ERROR worker died
	at com.example.Upload.run(Upload.java:42)
```
print(1)
```
<!-- please fill in -->{noformat}log{noformat}
It should go on.
"""


@pytest.fixture
def index() -> Index:
    """An index of three epics."""
    filled = Index(table.packaged())
    filled.put_all(EPICS)
    return filled


def ids(index: Index, text: str) -> list[str]:
    """Epic ids, best first."""
    return [candidate.epic_id for candidate in index.rank([text], 3)[0]]


def test_the_epic_that_shares_the_remarks_words_comes_first(index: Index) -> None:
    """Likeness is about words."""
    assert ids(index, "we need to export our invoices")[0] == "1"


def test_a_new_title_is_seen_by_the_next_question(index: Index) -> None:
    """Nothing waits for a rebuild."""
    index.put("3", "Audit log export", "")
    assert ids(index, "audit log")[0] == "3"
    assert len(index) == 3


def test_a_removed_epic_is_never_an_answer(index: Index) -> None:
    """Removing twice is no error."""
    index.remove("1")
    index.remove("1")
    assert "1" not in ids(index, "export invoices as CSV")
    assert "1" not in index


def test_an_empty_index_answers_with_nothing() -> None:
    """No epic is no error."""
    looked = Index().look(["anything", ""], 5)
    assert looked.candidates == [[], []]
    assert not looked.features.any()


@pytest.mark.parametrize("text", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.timeout(10)
def test_any_text_gets_an_answer_in_time(index: Index, text: str) -> None:
    """Also as title and description."""
    index.put("strange", text, text)
    looked = index.look([text], 3)
    assert len(looked.candidates[0]) == 3
    assert all(math.isfinite(candidate.score) for candidate in looked.candidates[0])


def told(index: Index, text: str) -> dict[str, float]:
    """What is told about the best answer, by name."""
    return dict(zip(NAMES, index.look([text], 1).features[0].tolist(), strict=True))


def test_the_length_of_the_best_title_is_told(index: Index) -> None:
    """Of that of now, and of a saved one as well."""
    assert told(index, "dark mode")["log_title_words"] == pytest.approx(math.log(3))
    index.put("3", "A dark mode for night shifts", "")
    again = Index(table.packaged())
    again.load(index.save(), [EPICS[0], EPICS[1], ("3", "A dark mode for night shifts", "")])
    for held in (index, again):
        assert told(held, "dark mode")["log_title_words"] == pytest.approx(math.log(7))


def test_it_is_told_how_like_the_second_best_is(index: Index) -> None:
    """One that says the same does not make the best one doubtful as another would."""
    far = told(index, "dark mode")["like_second"]
    index.put("4", *EPICS[2][1:])
    assert far < 0.5
    assert told(index, "dark mode")["like_second"] == pytest.approx(1)
    alone = Index(table.packaged())
    alone.put_all(EPICS[:1])
    assert told(alone, "dark mode")["like_second"] == pytest.approx(1)


def test_it_is_told_how_like_the_best_is_to_all(index: Index) -> None:
    """By the epics of now: one that is like many others draws texts that are not its own."""
    before = told(index, "dark mode")["like_all"]
    index.put_all([(f"more {number}", "Dark mode", "") for number in range(5)])
    assert told(index, "dark mode")["like_all"] > max(before, 0.8)
    for number in range(5):
        index.remove(f"more {number}")
    assert told(index, "dark mode")["like_all"] == before


def test_no_socket_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither at load nor at link."""

    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    fresh = Index(table.read(table.PACKAGED))
    fresh.put_all(EPICS)
    assert ids(fresh, "dark theme")[0] == "3"


def test_a_saved_index_ranks_as_before_and_computes_only_what_changed(index: Index) -> None:
    """Also an epic that is gone stays gone."""
    index.put("4", "Nightly backups", "")
    index.remove("2")
    body = index.save()
    now = [EPICS[0], ("3", "Darker mode", "For night shifts."), ("4", "Nightly backups", "")]
    again, straight = Index(table.packaged()), Index(table.packaged())
    assert again.load(body, now) == 1
    straight.put_all(now)
    assert again.rank(["night invoice mode"], 5) == straight.rank(["night invoice mode"], 5)
    assert again.load(again.save(), now) == 0
    assert again.rank(["night invoice mode"], 5) == straight.rank(["night invoice mode"], 5)


@pytest.mark.parametrize("body", [b"", b"\x80\x04nonsense", Index().save()])
def test_what_another_table_or_nobody_saved_is_refused(index: Index, body: bytes) -> None:
    """Then the epics are put again."""
    with pytest.raises(Stale):
        index.load(body, EPICS)


def test_what_another_weight_of_descriptions_saved_is_refused(index: Index) -> None:
    """A row is the sum of title and weighed description."""
    other = Index(table.packaged(), FAST._replace(description=0.9))
    other.put_all(EPICS)
    with pytest.raises(Stale):
        index.load(other.save(), EPICS)


def test_an_issue_template_leaves_only_its_writers_words() -> None:
    """Headings, check-lists, logs, code and fields go."""
    assert strip_template(DESCRIPTION) == "The upload stops at night. It should go on."


@pytest.mark.parametrize("box", ["- [ ]", "- [x]", "* [X ]", "[]"])
def test_a_check_list_is_a_templates_however_it_was_ticked(box: str) -> None:
    """People type the tick where there is room."""
    assert strip_template(f"{box} I searched for duplicates\nIt stops.") == "It stops."


def test_an_address_keeps_its_words() -> None:
    """The name of a site or page may be all that a remark and an issue share."""
    assert (
        strip_template("Broken: https://shop.example/cart") == "Broken: https://shop.example/cart"
    )


def test_what_a_template_hides_is_no_words_of_the_issue() -> None:
    """Also where the hint is never closed; the rest stays as it was written."""
    said = "<!-- please\nfill in -->### Actual\nIt stops. <!-- or"
    assert strip_hints(said) == "### Actual It stops."


def test_letters_see_no_headings_and_vectors_no_hidden_hints(index: Index) -> None:
    """Headings are shared by all reports, letter by letter."""
    index.put("4", "Upload", "### Expected behaviour\n<!-- elephants and zebras -->")
    index.put("5", "Upload", "")
    four, five = (
        {each.epic_id: each.parts for each in index.rank(["expected behaviour"], 5)[0]}[epic_id]
        for epic_id in ("4", "5")
    )
    assert four["letters"] == five["letters"]
    assert four["meaning"] > five["meaning"]
    index.put("4", "Upload", "<!-- elephants and zebras -->")
    both = {each.epic_id: each.score for each in index.rank(["elephants and zebras"], 5)[0]}
    assert both["4"] == both["5"]


def test_thousands_of_blanks_cost_no_time() -> None:
    """Tried from each blank anew, this takes seconds, in which no worker answers its broker."""
    began = time.process_time()
    assert strip_template(f"{' ' * 19_000}upload") == "upload"
    assert time.process_time() - began < 0.5


def test_only_the_first_words_count() -> None:
    """More would dilute."""
    assert first_words("a b  c d", 3) == "a b c"


def test_a_saved_index_whose_parts_do_not_fit_is_stale() -> None:
    """Cut, or written by something else: it is computed anew."""
    index = Index()
    index.put_all([("1", "Sort the ledger", ""), ("2", "Dark mode", "")])
    held = load(index.save())
    for name in ("meaning", "title_words", "indptr", "data"):
        with pytest.raises(Stale):
            Index().load(save({**held, name: held[name][:1]}), [("1", "Sort the ledger", "")])
