"""What a command itself refuses.

::

    CloseloopError
    ├── NotFound                exit status 1: there is no such thing
    ├── Refused                 exit status 1: it is there, and it may not be done to it
    └── Unusable                exit status 2: what was given cannot be read as what it should be
"""

from __future__ import annotations

from schemas.errors import CloseloopError


class NotFound(CloseloopError):
    """There is no such remark, issue, letter or other thing: exit status 1."""


class Refused(CloseloopError):
    """It is there, but not so that this can be done: exit status 1, nothing was changed."""


class Unusable(CloseloopError):
    """A file or folder that was named is not what the command takes: exit status 2."""
