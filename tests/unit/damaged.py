"""Files of arrays as they may come back from a disk or a store."""

from collections.abc import Callable

import numpy as np
from safetensors.numpy import load, save


def changed(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[[bytes], bytes]:
    """Changes one part of such a file."""

    def made(body: bytes) -> bytes:
        held = load(body)
        return save(held | {name: change(held[name])})

    return made
