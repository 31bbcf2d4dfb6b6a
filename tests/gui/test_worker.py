import threading

import pytest

from toolkit.errors import ToolkitError


@pytest.fixture
def lane(qtbot):
    from toolkit.gui.worker import Lane

    lane = Lane("test")
    yield lane
    assert lane.close()


def listen(run):
    """What a run says, as it comes, with the thread that it comes in."""
    heard = []
    run.told.connect(lambda thing: heard.append((thing, threading.current_thread())))
    run.ended.connect(lambda ended: heard.append((ended, threading.current_thread())))
    return heard


def test_what_a_work_tells_comes_in_order_in_the_thread_of_the_window(qtbot, lane):
    threads = []

    def work(_stop, tell):
        threads.append(threading.current_thread())
        for i in range(1000):
            tell(i)
        return "done"

    run = lane.start(work)
    heard = listen(run)
    with qtbot.waitSignal(run.ended):
        pass
    assert [thing for thing, _ in heard[:-1]] == list(range(1000))
    assert heard[-1][0].value == "done"
    assert heard[-1][0].problem is None
    assert heard[-1][0].seconds > 0
    assert {thread for _, thread in heard} == {threading.main_thread()}
    assert threads[0] is not threading.main_thread()
    assert not lane.busy


def test_an_error_of_the_user_is_told_in_words(qtbot, lane):
    def work(_stop, _tell):
        raise ToolkitError("expected a, found b")

    run = lane.start(work)
    with qtbot.waitSignal(run.ended) as ended:
        pass
    assert str(ended.args[0].problem) == "expected a, found b"
    assert ended.args[0].value is None


def test_a_defect_is_told_and_raised_in_the_window(qtbot, lane):
    def work(_stop, _tell):
        return 1 / 0

    run = lane.start(work)
    heard = listen(run)
    with qtbot.captureExceptions() as raised:
        qtbot.waitUntil(lambda: bool(heard))
    assert raised[0][0] is ZeroDivisionError
    assert "defect" in str(heard[0][0].problem)
    assert not lane.busy
    with qtbot.waitSignal(lane.start(lambda _stop, _tell: 7).ended) as ended:  # and the lane lives
        pass
    assert ended.args[0].value == 7


def test_a_stopped_work_is_not_heard_any_more_and_ends(qtbot, lane):
    begun, left = threading.Event(), threading.Event()

    def work(_stop, tell):
        try:
            while True:
                tell("word")
                begun.set()
        finally:
            left.set()

    run = lane.start(work)
    heard = listen(run)
    assert begun.wait(5)
    lane.stop()
    count = len(heard)
    assert not lane.busy
    assert left.wait(5)
    qtbot.waitSignal(lane.start(lambda _stop, _tell: None).ended).wait()
    assert len(heard) == count


def test_a_new_work_takes_the_place_of_the_one_that_runs(qtbot, lane):
    held = threading.Event()

    def first(stop, _tell):
        held.wait(5)
        return "first"

    heard = listen(lane.start(first))
    run = lane.start(lambda _stop, _tell: "second")
    held.set()
    with qtbot.waitSignal(run.ended) as ended:
        pass
    assert ended.args[0].value == "second"
    assert heard == []


def test_works_of_a_lane_never_run_at_once(qtbot, lane):
    running, most = [], []

    def work(stop, _tell):
        running.append(1)
        most.append(len(running))
        stop.is_set  # noqa: B018 - as a real work would look
        running.pop()

    for _ in range(200):
        run = lane.start(work)
    with qtbot.waitSignal(run.ended):
        pass
    assert max(most) == 1


def test_no_thread_stays_behind(qtbot):
    from PySide6.QtCore import QObject

    from toolkit.gui.worker import Lane, close_lanes

    before, owner = set(threading.enumerate()), QObject()
    lanes = [Lane(str(i), QObject(owner)) for i in range(3)]
    for lane in lanes:
        lane.start(lambda stop, tell: [tell(i) for i in range(10**9)])
    assert len(set(threading.enumerate()) - before) == 3
    assert close_lanes(owner)
    assert set(threading.enumerate()) == before
