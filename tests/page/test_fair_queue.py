from page.fair_queue import FairQueue


def test_the_first_to_come_is_the_first_to_work_and_the_next_follows() -> None:
    queue = FairQueue()
    with queue.join() as first:
        with queue.join() as second, queue.join() as third:
            assert (first.wait(0), second.wait(0), third.wait(0)) == (True, False, False)
            assert (first.has_followers, second.has_followers, third.has_followers) == (True, True, False)
        assert not first.has_followers
    with queue.join() as next_ticket:
        assert next_ticket.wait(0)


def test_a_session_that_leaves_the_middle_lets_the_others_move_up() -> None:
    queue = FairQueue()
    with queue.join() as first:
        middle = queue.join()
        middle.__enter__()
        with queue.join() as last:
            middle.__exit__(None, None, None)
            assert first.wait(0) and not last.wait(0)


def test_exclusive_work_ends_with_its_block() -> None:
    queue = FairQueue()
    with queue.exclusive(), queue.join() as other:
        assert not other.wait(0)
    with queue.join() as other:
        assert other.wait(0)
