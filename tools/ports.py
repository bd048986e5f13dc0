"""Ports for servers that tests and tools start."""

import random
import socket

# Below the ports that systems give to outgoing connections: none of those takes it before the server does.
_LOWEST, _HIGHEST = 20_000, 32_000


def free_port(host: str = "127.0.0.1") -> int:
    """A port of this computer on which nothing listens, drawn at random since other programs look for one too."""
    draw = random.SystemRandom()
    while True:
        port = draw.randrange(_LOWEST, _HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
        return port
