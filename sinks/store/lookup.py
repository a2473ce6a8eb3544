"""Who is meant: which account a merged one goes by, who has a mail domain or address now."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from schemas.events import Rep


class Standing(msgspec.Struct, frozen=True):
    """An account as far as merging goes: into which one, and whether it is deleted."""

    merged_into: str | None
    deleted: bool


def survivors(ids: Iterable[str], known: Mapping[str, Standing]) -> dict[str, str]:
    """Account id -> the id it goes by now; those that are unknown or end deleted are left out.

    A CRM deletes the account that it merges away, so a merge counts before a deletion. A merge into
    an account that nobody has heard of yet waits until somebody has.
    """
    found = {id_: _last(id_, known) for id_ in ids if id_ in known}
    return {id_: last for id_, last in found.items() if not known[last].deleted}


def owners(
    wanted: set[str], domains: Mapping[str, Collection[str]], known: Mapping[str, Standing]
) -> dict[str, str]:
    """Mail domain -> the account that it leads to; of several the first by id.

    Args:
        wanted: domains in lower case.
        domains: account id -> its domains in lower case.
        known: these accounts and all that they were merged into.
    """
    found: dict[str, str] = {}
    for account, survivor in survivors(domains, known).items():
        for domain in wanted & set(domains[account]):
            found[domain] = min(found.get(domain, survivor), survivor)
    return found


def still_here_first(reps: Iterable[Rep]) -> list[Rep]:
    """Those who work here, then those who left, then those who are deleted; each by id."""
    return sorted(reps, key=lambda rep: (rep.deleted is True, rep.active is False, rep.id))


def _last(id_: str, known: Mapping[str, Standing]) -> str:
    """The end of a chain of merges; of a circle, which only a mistake makes, its first by id."""
    path = [id_]
    while (into := known[path[-1]].merged_into) is not None and into in known:
        if into in path:
            return min(path[path.index(into) :])
        path.append(into)
    return path[-1]
