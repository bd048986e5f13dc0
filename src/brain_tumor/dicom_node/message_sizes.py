"""How large messages may grow while they come in: pynetdicom collects each in memory until it is whole."""

import threading
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

_MAX_COMMAND_BYTES = 2**16  # those in order are some hundred bytes long


@dataclass(slots=True)
class _Message:
    """What a connection has sent of its current message."""

    command_bytes: int = 0
    has_command: bool = False  # the whole of it
    data_bytes: int = 0  # that were kept


class MessageSizes:
    """The current messages of all connections together."""

    def __init__(self, max_object_bytes: int, max_fragment_bytes: int) -> None:
        """Count from zero.

        Args:
            max_object_bytes: of one object.
            max_fragment_bytes: of one of the pieces in which it comes.
        """
        self._max_object_bytes = max_object_bytes
        # Room for two of the largest objects, or for many usual ones, whatever the number of connections.
        self._max_bytes = 2 * (max_object_bytes + max_fragment_bytes)
        self._lock = threading.Lock()
        self._messages: WeakKeyDictionary[Any, _Message] = WeakKeyDictionary()

    def add(self, association: Any, size: int, is_command: bool, is_last: bool) -> bool | None:
        """Count a fragment.

        Args:
            association: the connection that it came by.
            size: of it, in bytes.
            is_command: whether it is of a command, not of a data set.
            is_last: whether the command or data set ends with it.

        Returns:
            Whether to keep it. Of an object that is too large a little more is kept than allowed, by which its receiver
            knows it. None where the connection must end.
        """
        with self._lock:
            message = self._messages.setdefault(association, _Message())
            if is_command:
                if message.has_command:
                    message = self._messages[association] = _Message()
                message.command_bytes += size
                message.has_command = is_last
                return True if message.command_bytes <= _MAX_COMMAND_BYTES else None
            if message.data_bytes > self._max_object_bytes:
                return False
            message.data_bytes += size
            together = sum(message.data_bytes for message in self._messages.values())
            return True if together <= self._max_bytes else None

    def forget(self, association: Any) -> None:
        """Its object has been dealt with."""
        with self._lock:
            self._messages.pop(association, None)
