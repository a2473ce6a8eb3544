"""The root of what the store keeps."""

from __future__ import annotations

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The root of all rows."""
