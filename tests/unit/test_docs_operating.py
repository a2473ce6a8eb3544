"""docs/operating.md lists the metrics that there are, by their labels."""

import re
from importlib import import_module
from pathlib import Path

from prometheus_client import REGISTRY

from sinks.store.verdicts import SAME_ADDRESS
from streams import metrics
from streams.tell import candidates, corrections, verdicts
from streams.tell.post import NOT_TRUE

PAGE = Path("docs/operating.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(closeloop_\w+)` \| ([^|]+) \|", re.MULTILINE)


def test_the_page_lists_every_metric_with_its_labels() -> None:
    """And no other."""
    found = {}
    for metric in vars(metrics).values():
        labels = getattr(metric, "_labelnames", None)
        if labels is not None and not isinstance(metric, type):
            (described,) = metric.describe()
            is_total = described.type == "counter"
            found[described.name + ("_total" if is_total else "")] = ", ".join(labels)
    assert dict(ROW.findall(PAGE)) == found
    assert found


def test_no_metric_of_ours_is_kept_elsewhere() -> None:
    """Whatever any module of the app registers stands on the page."""
    import_module("streams.app")
    ours = {name for name in REGISTRY._names_to_collectors if name.startswith("closeloop_")}
    listed = tuple(name.removesuffix("_total") for name, _ in ROW.findall(PAGE))
    assert all(name.startswith(listed) for name in ours)


def test_the_page_lists_every_reason_not_to_tell_somebody() -> None:
    """With what to do, in the words that the code has."""
    _, _, rest = PAGE.partition("## Why somebody is not told")
    listed = re.findall(r"^\| `([^`]+)` \| \S.* \|$", rest.partition("\n## ")[0], re.MULTILINE)
    found = {
        value
        for module in (candidates, corrections, verdicts)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    }
    assert sorted(listed) == sorted({*found, SAME_ADDRESS, NOT_TRUE})
