"""How commands on a store end: it is out of reach, something is not there, the use is wrong."""

import pytest

from tests.integration.commands.calling import NOWHERE, Call

AWAY = f"postgresql+psycopg://nobody@{NOWHERE}/none"

READING = [
    ("store", "status"),
    ("store", "migrate"),
    ("account", "show", "A-1"),
    ("link", "try", "x"),
    ("link", "rebuild"),
    ("link", "status"),
    ("link", "adapt"),
    ("triage", "list"),
    ("triage", "show", "upstream:2"),
    ("triage", "themes"),
    ("ship", "list"),
    ("tell", "list"),
    ("loop", "list"),
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_store_out_of_reach_is_exit_status_3(bare: Call, arguments: tuple[str, ...]) -> None:
    """None configured, or one that is no PostgreSQL, is a wrong setting, which is 2."""
    assert bare(*arguments, DATABASE_URL=AWAY).status == 3
    assert bare(*arguments).status == 2
    wrong = bare(*arguments, DATABASE_URL="mysql://user:hush@host/db")
    assert (wrong.status, "hush" in wrong.err) == (2, False)


MISSING = [
    ("account", "show", "nobody.example"),
    ("triage", "show", "upstream:99"),
    ("triage", "accept", "upstream:99", "APP-1"),
    ("triage", "accept", "upstream:2", "APP-99"),
    ("triage", "reject", "upstream:3"),
    ("triage", "reject", "upstream:1", "APP-2"),
    ("triage", "undo", "upstream:1"),
    ("triage", "undo", "--last"),
    ("triage", "dismiss", "upstream:1"),
    ("triage", "dismiss", "upstream:99"),
    ("ship", "preview", "APP-99"),
    ("ship", "release", "APP-1", "--accounts", "A-1,A-9"),
    ("ship", "withdraw", "APP-1", "--reason", "x"),
    ("tell", "render", "none"),
    ("loop", "show", "A-1", "APP-1"),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("arguments", MISSING, ids=" ".join)
def test_what_is_not_there_or_refused_is_exit_status_1(
    on_store: Call, arguments: tuple[str, ...]
) -> None:
    """One line says what is missing; nothing is printed as a result."""
    called = on_store(*arguments)
    assert (called.status, called.out) == (1, "")
    assert called.err.startswith("closeloop: ")


WRONG = [
    ("account", "show"),
    ("account", "show", "A-1", "--at", "soon"),
    ("triage", "accept", "upstream:2"),
    ("triage", "accept", "APP-1"),
    ("triage", "accept", "APP-1", "APP-2", "--alike"),
    ("triage", "new-epic", "--project", "APP", "--summary", "x"),
    ("triage", "dismiss", "upstream:2", "APP-1"),
    ("triage", "accept", "upstream:2", "APP-1", "--by", ""),
    ("triage", "accept", "upstream:2", "APP-1", "--by", "x" * 201),
    ("triage", "accept", "upstream:2", "APP-1", "--by", "\udcff"),
    ("triage", "accept", "upstream:\udcff", "APP-1"),
    ("account", "show", "\udcff"),
    ("triage", "new-epic", "--theme", 10**23, "--project", "APP", "--summary", "x"),
    ("triage", "undo"),
    ("triage", "undo", "upstream:2", "--last"),
    ("ship", "release", "APP-1", "--docs-url", "ftp://x"),
    ("ship", "release", "APP-1", "--accounts", ","),
    ("ship", "withdraw", "APP-1"),
    ("loop", "list", "--state", "nonsense"),
    ("tell", "list", "--limit", "0"),
]


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("arguments", WRONG, ids=ascii)
def test_wrong_use_is_exit_status_2(on_store: Call, arguments: tuple[object, ...]) -> None:
    """And it is told how the command is used."""
    called = on_store(*arguments)
    assert (called.status, called.out) == (2, "")
    assert "Error" in called.err
