"""Free ports, and the question whether a broker answers on one."""

import random
import socket
import struct

LOCAL = "127.0.0.1"
PORTS = range(20_000, 32_000)  # below what systems give to outgoing connections, which could take
# the port between a kill and the restart on it; a client that retries even connects to itself
CORRELATION = 7
METADATA, VERSION = 3, 1
HEAD = struct.Struct(">iii")  # size, correlation, number of brokers


def free_ports(count: int) -> list[int]:
    """That many different ports on which nobody listens now."""
    shuffled = random.sample(PORTS, len(PORTS))
    free = (port for port in shuffled if is_free(port))
    return [next(free) for _ in range(count)]


def is_free(port: int) -> bool:
    """Whether a server could listen on `port`."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOCAL, port))
        except OSError:
            return False
    return True


def lists_itself(port: int, timeout_s: float = 1.0) -> bool:
    """Whether a broker on `port` answers a metadata request and is in its own answer.

    A broker listens before it may serve, and answers only after the controller has let it in: so
    this is true from the first moment at which a client can work. By hand and not with a client,
    which would log each attempt and wait longer after each.

    Source: kafka.apache.org/protocol, Metadata request version 1, read 2026-11.
    """
    body = struct.pack(">hhih4si", METADATA, VERSION, CORRELATION, 4, b"wait", 0)
    try:
        with socket.create_connection((LOCAL, port), timeout_s) as connection:
            connection.sendall(struct.pack(">i", len(body)) + body)
            answer = connection.makefile("rb").read(HEAD.size)
    except OSError:
        return False
    return len(answer) == HEAD.size and HEAD.unpack(answer)[1:] == (CORRELATION, 1)
