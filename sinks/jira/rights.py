"""Which rights we need in Jira, and what to do where one is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from schemas.errors import SinkRefused
from sinks.contracts import Finding

RIGHTS = {
    "BROWSE_PROJECTS": "read epics and their fix versions",
    "EDIT_ISSUES": "write the issue property with the demand",
    "LINK_ISSUES": "show the demand as a remote link",
    "CREATE_ISSUES": "make a new epic out of remarks",
}
"""Jira's permission key -> what it is for."""


def findings_of(project: str, ask: Callable[[str], Mapping[str, Any]]) -> list[Finding]:
    """One finding per right; one in all where Jira does not tell.

    Args:
        project: its key; empty for the account in general.
        ask: comma-separated permission keys -> Jira's answer to ``mypermissions``.
    """
    where = f"in {project}" if project else "in any project"
    try:
        answer = ask(",".join(RIGHTS))
    except SinkRefused as error:
        advice = f"check that project {project} exists and that the account may see it"
        return [Finding(what=str(error), ok=False, advice=advice)]
    held = answer.get("permissions", {})
    return [_finding(right, where, held.get(right, {})) for right in RIGHTS]


def _finding(right: str, where: str, held: Mapping[str, Any]) -> Finding:
    ok = held.get("havePermission") is True
    advice = f"grant {right} {where}: needed to {RIGHTS[right]}"
    return Finding(what=f"{right} {where}", ok=ok, advice="" if ok else advice)
