"""Dead letters: listed, explained to a person, put back once, let go."""

from typing import Any

import pytest

from schemas.codec import STRUCTURED_HEADERS
from schemas.errors import Fenced, InvalidEvent
from sinks.contracts import Outgoing
from sinks.kafka.reading import consumer
from streams.collect.rereading import Kept
from streams.commands import letterbox
from streams.commands.letterbox import find
from streams.commands.settling import settling
from streams.dead.burial import dead_letter
from streams.dead.letters import Place, Settled
from tests.integration.commands.bad_input import KINDS, NOW, Bad, letter_of, poison, remark
from tests.integration.commands.calling import NOWHERE, Call, put, records


def _dead(on_kafka: Call) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = on_kafka("dead", "list", "feedback.received", "--json").json
    return listed


def _lay(broker: str, letter: Outgoing) -> str:
    """Put a letter onto its topic; its place."""
    put(broker, letter)
    last = [one for one in records(broker, letter.topic) if one.key == letter.key][-1]
    return f"{last.partition}:{last.offset}"


@pytest.fixture
def _clean(on_kafka: Call) -> None:
    """The test begins with no remark's letter that waits."""
    assert on_kafka("dead", "drop", "feedback.received", "--all").status == 0


@pytest.mark.parametrize("bad", KINDS.values(), ids=KINDS)
def test_every_kind_of_bad_input_is_explained_and_put_back(
    on_kafka: Call, broker: str, bad: Bad
) -> None:
    """A person reads what is wrong, where and what to do; a redrive restores the very record."""
    place = _lay(broker, letter_of(bad))
    shown = on_kafka("dead", "show", bad.topic, place)
    assert shown.status == 0
    for words in bad.told:
        assert words in shown.out
    marked = [line for line in shown.out.splitlines() if line.startswith("> ")]
    assert not bad.marked or any(bad.marked in line for line in marked)
    assert shown.out.isascii() or shown.out.replace("…", "").isascii()
    assert "\x1b" not in shown.out
    assert on_kafka("dead", "redrive", bad.topic, place).status == 0
    back = records(broker, bad.topic)[-1]
    assert (back.key, back.value, back.partition) == (bad.key, bad.value, 2)
    assert list(back.headers) == list(bad.headers)


def test_a_fault_of_ours_is_not_blamed_on_the_sender(on_kafka: Call, broker: str) -> None:
    """What to report is said, and the letter can be put back after the fix."""
    place = _lay(broker, poison())
    said = on_kafka("dead", "show", "feedback.received.dead", place, "--json").json
    assert said["explanation"]["blame"] == "closeloop"
    assert "KeyError" in said["explanation"]["advice"][0]
    assert said["said"]["offset"] == 17


def test_what_a_sender_wrote_never_reaches_the_terminal_raw(on_kafka: Call, broker: str) -> None:
    """Escape sequences and text that runs backwards are shown, not obeyed."""
    words = {"words": 1, "title": "\x1b[2J\u202eevil\x9b"}
    bad = Bad("feedback.received", remark(data=words), (), "", key=b"\x1b]0;owned\x07")
    place = _lay(broker, letter_of(bad))
    for called in (on_kafka("dead", "show", bad.topic, place), on_kafka("dead", "list")):
        assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(called.out)
    assert "\\u202e" in on_kafka("dead", "show", bad.topic, place).out


@pytest.mark.usefixtures("_clean")
def test_a_letter_is_put_back_once(on_kafka: Call, broker: str) -> None:
    """Repeating it is refused, by place, and does nothing, by selection, unless --again says so."""
    place = _lay(broker, poison())
    before = len(records(broker, "feedback.received"))
    assert on_kafka("dead", "redrive", "feedback.received", place, "--by", "kim").status == 0
    assert _dead(on_kafka) == []
    again = on_kafka("dead", "redrive", "feedback.received", place)
    assert again.status == 1
    assert "redriven already, by kim" in again.err
    assert on_kafka("dead", "redrive", "feedback.received", "--all").status == 0
    assert len(records(broker, "feedback.received")) == before + 1
    assert on_kafka("dead", "redrive", "feedback.received", place, "--again").status == 0
    assert len(records(broker, "feedback.received")) == before + 2
    listed = on_kafka("dead", "list", "feedback.received", "--all", "--json").json
    states = {letter["place"]: letter["state"] for letter in listed}
    assert states[place] == "redriven"


@pytest.mark.usefixtures("_clean")
def test_a_dry_run_puts_nothing_back(on_kafka: Call, broker: str) -> None:
    """What would go is named; topic and letters stay as they are."""
    place = _lay(broker, poison())
    before = len(records(broker, "feedback.received"))
    for command in ("redrive", "drop"):
        dry = on_kafka("dead", command, "feedback.received", place, "--dry-run", "--json").json
        assert [letter["place"] for letter in dry["letters"]] == [place]
    assert len(records(broker, "feedback.received")) == before
    assert [letter["place"] for letter in _dead(on_kafka)] == [place]


@pytest.mark.usefixtures("_clean")
def test_letters_are_chosen_by_reason_and_error(on_kafka: Call, broker: str) -> None:
    """After a fix of one fault only the letters of that fault go back."""
    theirs = _lay(broker, letter_of(KINDS["unknown source"]))
    ours = [_lay(broker, poison(offset)) for offset in range(12)]
    done = on_kafka("dead", "redrive", "feedback.received", "--error", "KeyError", "--json").json
    assert [letter["place"] for letter in done["letters"]] == ours
    assert [letter["place"] for letter in _dead(on_kafka)] == [theirs]
    done = on_kafka("dead", "drop", "feedback.received", "--reason", "STRANGER", "--json").json
    assert [letter["place"] for letter in done["letters"]] == [theirs]
    assert _dead(on_kafka) == []


@pytest.mark.usefixtures("_clean")
def test_a_dropped_letter_is_remembered_with_its_reason(on_kafka: Call, broker: str) -> None:
    """It is listed no more, and whoever looks it up sees who let it go and why."""
    place = _lay(broker, poison())
    arguments = ("--why", "test data", "--by", "kim")
    assert on_kafka("dead", "drop", "feedback.received", place, *arguments).status == 0
    assert _dead(on_kafka) == []
    said = on_kafka("dead", "show", "feedback.received", place, "--json").json
    assert (said["state"], said["settled"]["by"]) == ("dropped", "kim")
    assert said["settled"]["why"] == "test data"
    assert on_kafka("dead", "redrive", "feedback.received", place).status == 1


def test_who_began_earlier_is_fenced_off(on_kafka: Call, broker: str) -> None:
    """Two people redrive at once: the record is back once."""
    place = _lay(broker, poison())
    before = len(records(broker, "feedback.received"))
    with consumer(broker) as client:
        letter = find(client, "feedback.received", Place(*map(int, place.split(":"))))
    memory = Settled(place=letter.place, fate="redriven", at=NOW, by="slow")

    def begin_and_be_slow() -> None:
        with settling(broker) as slow:
            assert on_kafka("dead", "redrive", "feedback.received", place).status == 0
            slow.settle([(letter, memory)], lambda _: None)

    with pytest.raises(Fenced, match="taken over"):
        begin_and_be_slow()
    assert len(records(broker, "feedback.received")) == before + 1


def test_what_is_no_letter_can_only_be_dropped(on_kafka: Call, broker: str) -> None:
    """Somebody wrote onto a dead-letter topic by hand: shown as such, and never put back."""
    strange = Outgoing("crm.changed.dead", b"k", b"{}", STRUCTURED_HEADERS)
    place = _lay(broker, strange)
    said = on_kafka("dead", "show", "crm.changed", place, "--json").json
    assert (said["said"], said["explanation"]["blame"]) == (None, "nobody")
    assert on_kafka("dead", "redrive", "crm.changed", place).status == 1
    assert on_kafka("dead", "redrive", "crm.changed", "--all", "--json").json["letters"] == []
    assert on_kafka("dead", "drop", "crm.changed", place).status == 0


@pytest.mark.usefixtures("_clean")
def test_since_and_limit_narrow_the_list(on_kafka: Call, broker: str) -> None:
    """Only what is young enough, and not more than asked for, the newest first."""
    places = [_lay(broker, poison(offset)) for offset in range(3)]
    listed = on_kafka("dead", "list", "feedback.received", "--limit", "2", "--json")
    assert [letter["place"] for letter in listed.json] == [places[2], places[1]]
    assert "2 of 3" in listed.err
    young = on_kafka("dead", "list", "feedback.received", "--since", "1h", "--json")
    assert len(young.json) == 3
    assert on_kafka("dead", "list", "--since", "2999-01-01", "--json").json == []


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("list", "no.such"), 1),
        (("show", "feedback.received", "0:999999"), 1),
        (("show", "feedback.received", "7:0"), 1),
        (("show", "closeloop.control", "0:0"), 1),
        (("show", "feedback.received", "nonsense"), 2),
        (("redrive", "feedback.received"), 2),
        (("redrive", "feedback.received", "0:999999"), 1),
        (("drop", "feedback.received", "0:999999"), 1),
        (("list", "--since", "yesterday"), 2),
    ],
)
def test_exit_statuses(on_kafka: Call, arguments: tuple[str, ...], status: int) -> None:
    """1 for what is not there, 2 for what cannot be meant."""
    assert on_kafka("dead", *arguments).status == status


def test_without_a_broker_the_exit_status_is_3(bare: Call) -> None:
    """Nothing is printed as if there were no letters."""
    called = bare("dead", "list", KAFKA_BOOTSTRAP_SERVERS=NOWHERE)
    assert (called.status, called.out) == (3, "")


def _larges(broker: str) -> list[Any]:
    """The records that are too large, in order: they share a partition, the others may not."""
    return [one for one in records(broker, "feedback.received") if one.key == b"large"]


def _left(broker: str, number: int) -> tuple[str, bytes]:
    """A record that is too large to be repeated, and its letter's place."""
    value = b"%d " % number + b"too large " * 900_000
    put(broker, Outgoing("feedback.received", b"large", value))
    lies = _larges(broker)[-1]
    record = Kept(lies.topic, lies.partition, lies.offset, b"large", value, lies.headers)
    return _lay(broker, dead_letter(record, InvalidEvent("not JSON"), NOW)), value


@pytest.mark.parametrize("few", [letterbox.FEW, 0])
def test_a_record_that_was_left_on_its_topic_is_shown_and_put_back(
    on_kafka: Call, broker: str, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """The letter only says where it is; whoever wants it gets it, one by one or with many."""
    monkeypatch.setattr(letterbox, "FEW", few)
    place, value = _left(broker, few)
    before = len(_larges(broker))
    shown = on_kafka("dead", "show", "feedback.received", place)
    assert f"{len(value) + len(b'large')} bytes" in shown.out
    with consumer(broker) as client:
        partition, _, offset = place.partition(":")
        assert find(client, "feedback.received", Place(int(partition), int(offset))).value == value
    assert on_kafka("dead", "redrive", "feedback.received", place).status == 0
    *earlier, back = _larges(broker)
    assert len(earlier) == before
    assert (back.key, back.value) == (b"large", value)


def test_a_record_that_is_gone_from_its_topic_is_not_put_back(on_kafka: Call, broker: str) -> None:
    """Nothing in its place: the letter is still there to be read."""
    record = Kept("feedback.received", 2, 10**9, b"large", bytes(8 * 1024 * 1024), [])
    place = _lay(broker, dead_letter(record, InvalidEvent("not JSON"), NOW))
    assert "not JSON" in on_kafka("dead", "show", "feedback.received", place).out
    before = len(records(broker, "feedback.received"))
    redriven = on_kafka("dead", "redrive", "feedback.received", place)
    assert redriven.status == 1
    assert "gone by now" in redriven.err
    assert len(records(broker, "feedback.received")) == before
