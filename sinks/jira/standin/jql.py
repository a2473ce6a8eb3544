"""The little JQL that our client writes; all else is refused, as Jira would."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from sinks.jira.standin.state import Issue, Refused, State

Test: TypeAlias = Callable[[Issue], bool]
_CLAUSE = re.compile(
    r'\s*(?P<field>\w+)\s*(?:=\s*(?P<one>"(?:[^"\\]|\\.)*"|[\w-]+)|in\s*\((?P<many>[^)]*)\))\s*',
    re.IGNORECASE,
)
_VALUE = re.compile(r'"((?:[^"\\]|\\.)*)"|([\w-]+)')
_AND = re.compile(r"AND\b", re.IGNORECASE)
_ORDER = re.compile(r"ORDER\s+BY\s+created\s+ASC,\s*key\s+ASC\s*$", re.IGNORECASE)


def search(jql: str, state: State) -> list[Issue]:
    """The issues that `jql` finds, oldest first.

    Raises:
        Refused: it is no JQL that is known here, names what does not exist, or restricts nothing.
    """
    tests = list(_tests(jql, state))
    if not tests:
        raise Refused("Unbounded JQL queries are not allowed here. Please add a restriction.")
    return [issue for issue in state.issues.values() if all(test(issue) for test in tests)]


def _tests(jql: str, state: State) -> Iterator[Test]:
    position = 0
    while not (_ORDER.match(jql, position) or position == len(jql)):
        clause = _CLAUSE.match(jql, position)
        if clause is None:
            raise Refused(f"Error in the JQL Query: {jql[position : position + 40]!r}")
        text = clause["one"] if clause["many"] is None else clause["many"]
        yield _test(clause["field"], set(_values(text)), state)
        position = clause.end()
        joined = _AND.match(jql, position)
        position = joined.end() if joined else position


def _values(text: str) -> Iterator[str]:
    for found in _VALUE.finditer(text):
        quoted, bare = found.groups()
        yield re.sub(r"\\(.)", r"\1", quoted) if bare is None else bare


def _test(field: str, values: set[str], state: State) -> Test:
    match field.lower():
        case "project":
            _known(field, values, set(state.projects))
            return lambda issue: issue.project.key in values
        case "fixversion":
            _known(field, values, set(state.versions))
            return lambda issue: any(version.id in values for version in issue.fix_versions)
        case "issuetype":
            return lambda issue: issue.type in values
        case "labels":
            return lambda issue: bool(values & set(issue.labels))
    raise Refused(f"Field '{field}' does not exist or you do not have permission to view it.")


def _known(field: str, values: set[str], known: set[str]) -> None:
    for value in values - known:
        raise Refused(f"The value '{value}' does not exist for the field '{field}'.")
