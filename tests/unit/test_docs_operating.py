"""docs/operating.md lists the metrics that there are, by their labels."""

import re
from importlib import import_module
from pathlib import Path

from prometheus_client import REGISTRY

from streams import metrics

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
