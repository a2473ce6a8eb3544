"""Every metric, by name. ``docs/operating.md`` lists them and is tested against this file."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

RECORDS = Counter("closeloop_records_total", "Records committed, by stage.", ["stage"])
DEAD = Counter(
    "closeloop_dead_letters_total", "Records dead-lettered, by stage.", ["stage", "error"]
)
RETRIES = Counter("closeloop_retries_total", "Attempts that a fault made vain.", ["stage", "error"])
FENCED = Counter("closeloop_fenced_total", "Batches dropped: another worker owned them.", ["stage"])
BATCH_S = Histogram("closeloop_batch_seconds", "From reading a batch to its commit.", ["stage"])
STOPPED = Gauge("closeloop_stage_stopped", "1 once a stage gave up: a bad release.", ["stage"])
DELIVERIES = Counter(
    "closeloop_deliveries_total", "HTTP deliveries, by source and status.", ["source", "status"]
)
IGNORED = Counter(
    "closeloop_ignored_total", "Parts of deliveries left alone on purpose.", ["source", "what"]
)
DUE = Counter("closeloop_due_total", "Rows that fell due and were done, by kind.", ["kind"])
MAILS = Counter("closeloop_mails_total", "Mails, by what became of the hand-over.", ["outcome"])
TELLS = Counter(
    "closeloop_tells_total", "People considered, by verdict and reason.", ["verdict", "reason"]
)
