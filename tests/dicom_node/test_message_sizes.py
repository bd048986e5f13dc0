"""How much of a message is kept, with limits of 1000 bytes an object and 100 a fragment."""

import gc

import pytest

from brain_tumor.dicom_node.message_sizes import MessageSizes


class Connection:
    """Stands for an association."""


@pytest.fixture
def sizes() -> MessageSizes:
    return MessageSizes(max_object_bytes=1000, max_fragment_bytes=100)


def add_data(sizes: MessageSizes, connection: Connection, size: int) -> bool | None:
    return sizes.add(connection, size, is_command=False, is_last=False)


def test_of_an_object_that_is_too_large_the_first_fragment_too_many_is_kept(sizes: MessageSizes) -> None:
    connection = Connection()
    assert [add_data(sizes, connection, 100) for _ in range(12)] == [True] * 11 + [False]


def test_a_next_message_begins_at_zero(sizes: MessageSizes) -> None:
    connection = Connection()
    for _ in range(3):
        assert sizes.add(connection, 50, is_command=True, is_last=True)
        assert [add_data(sizes, connection, 100) for _ in range(10)] == [True] * 10


def test_an_endless_command_ends_the_connection(sizes: MessageSizes) -> None:
    connection = Connection()
    assert sizes.add(connection, 2**16, is_command=True, is_last=False) is True
    assert sizes.add(connection, 1, is_command=True, is_last=False) is None


def test_connections_together_have_room_for_two_of_the_largest_objects(sizes: MessageSizes) -> None:
    connections = [Connection() for _ in range(3)]
    assert add_data(sizes, connections[0], 1000) and add_data(sizes, connections[1], 1000)
    assert add_data(sizes, connections[2], 200)
    assert add_data(sizes, connections[2], 1) is None


def test_what_is_dealt_with_makes_room_as_does_a_connection_that_is_gone(sizes: MessageSizes) -> None:
    first, second, third = Connection(), Connection(), Connection()
    add_data(sizes, first, 1100)
    add_data(sizes, second, 1100)
    sizes.forget(first)
    assert add_data(sizes, third, 1100)
    del second
    gc.collect()
    assert add_data(sizes, first, 1000)


def test_to_forget_what_never_came_is_no_error(sizes: MessageSizes) -> None:
    sizes.forget(Connection())
