"""When Python looks for circular garbage: seldom while batches are under way, and then in passing.

Batches leave no circles, but make so many objects that by the default they set the collector off
hundreds of times, each time over all that waits: two fifths of our time. Statements that are made
for one use do leave circles. Left to pile up, a hundred thousand objects are looked through at
once, and everything stands still for 200 ms; a few thousand a second take about ten.

Source of the figures: ``docs/decisions/0001-batches.md``.
"""

from __future__ import annotations

import gc

import faust

THRESHOLDS = (100_000, 20, 100)
EVERY_S = 1.0
FEW, MANY = 2_000, 30_000
"""Young objects that are not worth a look; and so many that they are batches under way."""


def tend(app: faust.App) -> None:
    """Have `app` look at its young objects every second, and Python by itself at last resort.

    Effects: sets how often the whole process looks for circular garbage.
    """
    gc.set_threshold(*THRESHOLDS)
    app.timer(EVERY_S, name="garbage")(look)


def settle() -> None:
    """Leave what is there at the start out of every later look: it stays to the end."""
    gc.collect()
    gc.freeze()


async def look() -> None:
    """Look through what was made since the last time, if that is worth it; older now and then.

    What was in use during a look counts as older from then on. Python itself would look at it only
    after its own looks at the young, which ours forestall.
    """
    young, older, oldest = gc.get_count()
    if FEW < young < MANY:
        _, often, seldom = THRESHOLDS
        gc.collect(2 if oldest > seldom else 1 if older > often else 0)
