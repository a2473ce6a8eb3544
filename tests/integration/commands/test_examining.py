"""doctor, settings and import, with every part there, and with each of them away."""

import json
from pathlib import Path
from typing import Any

import pytest

from schemas.topics import CONTROL
from sinks.http.standin.serve import serving
from sinks.jira.standin import jira_app
from sinks.mail.standin import sendgrid_app
from sinks.store.postgres.store import PostgresStore
from tests.integration.commands.calling import NOWHERE, Call, records
from tests.integration.commands.world import fill

SECRET = "a secret of sixteen"


def _checks(call: Call, **environ: str) -> tuple[int, dict[str, set[str]]]:
    """Exit status, and part -> its states."""
    called = call("doctor", "--json", **environ)
    found: dict[str, set[str]] = {}
    for check in called.json:
        found.setdefault(check["part"], set()).add(check["state"])
        assert check["state"] == "ok" or check["advice"]
    return called.status, found


def _jira(url: str) -> dict[str, str]:
    return {
        "CLOSELOOP_JIRA_URL": url,
        "CLOSELOOP_JIRA_EMAIL": "ops@acme.example",
        "CLOSELOOP_JIRA_TOKEN": "token",
        "CLOSELOOP_JIRA_PROJECTS": "APP",
    }


def test_all_is_well(on_kafka: Call, database_url: str, tmp_path: Path) -> None:
    """Every part is there: exit status 0, and nothing is wrong."""
    with serving(jira_app(projects=["APP"])) as jira, serving(sendgrid_app(tmp_path)) as mail:
        status, found = _checks(
            on_kafka,
            DATABASE_URL=database_url,
            **_jira(jira),
            CLOSELOOP_JIRA_WEBHOOK_SECRET=SECRET,
            CLOSELOOP_REPLY_SECRET=SECRET,
            CLOSELOOP_PUBLIC_URL="https://feedback.acme.example",
            CLOSELOOP_UNOWNED_EMAIL="desk@acme.example",
            SENDGRID_API_KEY="SG.key",
            CLOSELOOP_SENDGRID_HOST=mail,
            CLOSELOOP_SENDGRID_PUBLIC_KEY="MFk=",
        )
    assert "wrong" not in set().union(*found.values())
    assert (status, found["jira"], found["store"]) == (0, {"ok"}, {"ok"})


def test_a_part_that_is_away_hides_no_other(bare: Call, database_url: str) -> None:
    """Broker and Jira out of reach, no mail: each is told, and the store is looked at."""
    status, found = _checks(
        bare,
        KAFKA_BOOTSTRAP_SERVERS=NOWHERE,
        DATABASE_URL=database_url,
        **_jira(f"http://{NOWHERE}"),
    )
    assert status == 1
    wrong = {part for part, states in found.items() if "wrong" in states}
    assert wrong == {"broker", "jira", "mail", "links", "sources"}


def test_missing_rights_in_jira_are_named(bare: Call) -> None:
    """With what each is for."""
    with serving(jira_app(projects=["APP"], missing_rights=["LINK_ISSUES"])) as url:
        called = bare("doctor", **_jira(url))
    assert called.status == 1
    assert "grant LINK_ISSUES in APP: needed to show the demand as a remote link" in called.out


def test_wrong_settings_are_findings_of_the_doctor_alone(bare: Call) -> None:
    """All of them at once; any other command stops with exit status 2."""
    wrong = {"CLOSELOOP_HOLD_S": "-1", "CLOSELOOP_HOLDS": "1"}
    called = bare("doctor", "--json", **wrong)
    assert (called.status, len(called.json)) == (1, 2)
    assert {check["part"] for check in called.json} == {"settings"}
    other = bare("settings", **wrong)
    assert other.status == 2
    assert "did you mean hold_s?" in other.err


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://feedback.acme.example", "not https"),
        ("http://127.0.0.1:8080", "this machine alone"),
        ("https://[bad", "no URL"),
        ("feedback.acme.example", "no http(s) URL"),
        ("https://acme.example/?a=b", "query"),
    ],
)
def test_a_public_url_that_nobody_can_use_is_wrong(bare: Call, url: str, words: str) -> None:
    """It stands in every link that we send."""
    smtp = f"smtp+plain://{NOWHERE}"
    called = bare("doctor", "--json", CLOSELOOP_PUBLIC_URL=url, CLOSELOOP_SMTP_URL=smtp)
    assert any(words in check["what"] for check in called.json if check["state"] == "wrong")


def test_settings_are_shown_with_where_they_were_said(bare: Call, tmp_path: Path) -> None:
    """Environment, file or default; a secret is only said to be set."""
    file = tmp_path / "closeloop.toml"
    file.write_text('hold_s = 5\nzendesk_secret = "hush-file"\n')
    environ = {"CLOSELOOP_CONFIG": str(file), "DATABASE_URL": "postgresql://u:hush-url@host/db"}
    called = bare("settings", "--json", **environ)
    said = called.json
    assert said["hold_s"] == {"value": 5.0, "from": str(file)}
    assert said["zendesk_secret"] == {"value": "(set)", "from": str(file)}
    assert said["database_url"] == {"value": "(set)", "from": "DATABASE_URL"}
    assert said["tick_s"]["from"] == "default"
    assert "hush" not in called.out
    lines = bare("settings", "--set", **environ).out.splitlines()
    assert {line.split()[0] for line in lines[1:]} == {"database_url", "hold_s", "zendesk_secret"}


def test_every_epic_of_jira_is_published(on_kafka: Call, broker: str) -> None:
    """As epic.changed under the issue's id; a dry run publishes nothing."""
    with serving(jira_app(projects=["APP", "WEB"])) as url:
        keys = [_epic(url, project) for project in ("APP", "APP", "WEB")]
        dry = on_kafka("import", "jira", "--dry-run", "--json", **_jira(url)).json
        assert (dry["sent"], dry["keys"]) == (0, keys[:2])
        assert records(broker, "epic.changed") == []
        assert on_kafka("import", "jira", "--project", "WEB", **_jira(url)).out == (
            "1 epic published\n"
        )
        assert on_kafka("import", "jira", **_jira(url)).status == 0
    published = records(broker, "epic.changed")
    assert {json.loads(one.value or b"")["data"]["key"] for one in published} == set(keys)
    assert all((one.key or b"").startswith(b"issue:") for one in published)


def test_an_import_needs_jira(on_kafka: Call) -> None:
    """None configured is 2, one out of reach is 3."""
    assert on_kafka("import", "jira").status == 2
    assert on_kafka("import", "jira", **_jira(f"http://{NOWHERE}")).status == 3


def _epic(url: str, project: str) -> Any:
    import httpx

    fields = {
        "project": {"key": project},
        "issuetype": {"name": "Epic"},
        "summary": f"An epic of {project}",
    }
    made = httpx.post(f"{url}/rest/api/3/issue", json={"fields": fields}, timeout=10)
    return made.raise_for_status().json()["key"]


def test_what_makes_something_due_wakes_the_workers(
    on_kafka: Call, bare: Call, broker: str, database_url: str, store: PostgresStore
) -> None:
    """By a record on the control topic; a dry run wakes nobody, and a broker away is no fault."""
    fill(store)
    release = ("ship", "release", "APP-1")
    assert on_kafka(*release, "--dry-run", DATABASE_URL=database_url).status == 0
    assert records(broker, CONTROL.name) == []
    assert on_kafka(*release, DATABASE_URL=database_url).status == 0
    assert len(records(broker, CONTROL.name)) == 1
    accept = ("triage", "accept", "upstream:2", "APP-1")
    alone = bare(*accept, DATABASE_URL=database_url, KAFKA_BOOTSTRAP_SERVERS=NOWHERE)
    assert (alone.status, "could not be woken" in alone.err) == (0, True)
