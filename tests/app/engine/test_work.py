"""The queue of the engine: what runs first, what lets others in, and how work ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from typing import Any

import pytest

import explainers
from app.engine.messages import Priority
from app.engine.work import Job, WorkQueue
from app.errors import TooLong

PREDICTION, EXPLANATION, BACKGROUND = Priority.PREDICTION, Priority.EXPLANATION, Priority.BACKGROUND


@pytest.fixture
def queue() -> Iterator[WorkQueue]:
    queue = WorkQueue()
    yield queue
    queue.close()


def start(queue: WorkQueue) -> None:
    threading.Thread(target=queue.serve, daemon=True).start()


def noting(order: list[str], name: str) -> Any:
    return lambda progress: order.append(name)


def test_the_most_urgent_runs_first_and_equals_in_their_order(queue: WorkQueue) -> None:
    """Predictions, then explanations, then what nobody waits for."""
    order: list[str] = []
    jobs = [
        queue.submit(noting(order, name), priority=priority)
        for name, priority in [("b", BACKGROUND), ("e1", EXPLANATION), ("p", PREDICTION), ("e2", EXPLANATION)]
    ]
    start(queue)
    for job in jobs:
        job.future.result(5)

    assert order == ["p", "e1", "e2", "b"]


def test_running_work_lets_a_more_urgent_one_in_between_two_batches(queue: WorkQueue) -> None:
    """An equal or less urgent one waits for the end."""
    order: list[str] = []

    def long(progress: explainers.Progress) -> None:
        order.append("begin")
        queue.submit(noting(order, "equal"), priority=EXPLANATION)
        queue.submit(noting(order, "urgent"), priority=PREDICTION)
        last.append(queue.submit(noting(order, "less"), priority=BACKGROUND))
        progress(0.5)
        order.append("end")

    last: list[Job] = []
    job = queue.submit(long, priority=EXPLANATION)
    start(queue)
    job.future.result(5)
    last[0].future.result(5)

    assert order == ["begin", "urgent", "end", "equal", "less"]


def test_work_of_a_caller_who_is_gone_stops_between_two_batches(queue: WorkQueue) -> None:
    """The thread goes on with the next."""
    began, go_on = threading.Event(), threading.Event()

    def endless(progress: explainers.Progress) -> None:
        while True:
            began.set()
            go_on.wait(5)
            progress(0.1)

    job = queue.submit(endless, priority=EXPLANATION)
    start(queue)
    began.wait(5)
    job.stopped.set()
    go_on.set()

    with pytest.raises(explainers.Cancelled):
        job.future.result(5)
    assert queue.submit(lambda progress: 7, priority=EXPLANATION).future.result(5) == 7


def test_work_stopped_while_it_waits_never_runs(queue: WorkQueue) -> None:
    """A caller who went away in the line costs nothing."""
    ran: list[str] = []
    job = queue.submit(noting(ran, "ran"), priority=EXPLANATION)
    job.stopped.set()
    start(queue)

    with pytest.raises(CancelledError):
        job.future.result(5)
    assert ran == []


def test_the_cap_counts_the_work_s_own_time_only() -> None:
    """An explanation that let others in for long is not stopped for that; one that itself took too long is."""
    now = [0.0]
    queue = WorkQueue(seconds=10, clock=lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += seconds

    def patient(progress: explainers.Progress) -> str:
        queue.submit(lambda inner: pass_time(100), priority=PREDICTION)
        pass_time(4)
        progress(0.3)
        pass_time(4)
        progress(0.6)
        return "done"

    def slow(progress: explainers.Progress) -> None:
        for _ in range(3):
            pass_time(4)
            progress(0.5)

    done = queue.submit(patient, priority=EXPLANATION)
    stopped = queue.submit(slow, priority=EXPLANATION)
    background = queue.submit(slow, priority=BACKGROUND)
    start(queue)

    assert done.future.result(5) == "done"
    assert background.future.result(5) is None  # nobody waits for it: it may be long
    with pytest.raises(TooLong, match="10 s"):
        stopped.future.result(5)
    queue.close()


def test_an_error_of_one_leaves_the_next_alone(queue: WorkQueue) -> None:
    """Whatever a method raises is its caller's answer."""

    def fails(progress: explainers.Progress) -> None:
        raise MemoryError

    job = queue.submit(fails, priority=EXPLANATION)
    start(queue)

    with pytest.raises(MemoryError):
        job.future.result(5)
    assert queue.submit(lambda progress: 7, priority=BACKGROUND).future.result(5) == 7


def test_progress_is_told_at_most_ten_times_a_second() -> None:
    """A method may call it for every row."""
    now = [0.0]
    told: list[float] = []
    queue = WorkQueue(clock=lambda: now[0])

    def chatty(progress: explainers.Progress) -> None:
        for step in range(100):
            now[0] += 0.01
            progress(step / 100)

    job = queue.submit(chatty, priority=EXPLANATION, report=lambda done, note: told.append(done))
    start(queue)
    job.future.result(5)
    queue.close()

    assert 9 <= len(told) <= 11


def test_stretches_and_passes_are_counted_for_the_work_that_made_them(queue: WorkQueue) -> None:
    """A pass of what was let in is counted once; each stretch under its own priority."""
    from explainers.game import passes

    def passing(progress: explainers.Progress) -> None:
        passes.begins(4)

    def long(progress: explainers.Progress) -> None:
        queue.submit(passing, priority=PREDICTION)
        with passes.heard_by(heard.append):
            passes.begins(2)
            progress(0.5)

    heard: list[int] = []
    job = queue.submit(long, priority=BACKGROUND)
    start(queue)
    job.future.result(5)
    queue.submit(noting([], "last"), priority=BACKGROUND).future.result(5)
    found = queue.figures.text().decode()

    assert heard == [2]
    assert "whence_batch_rows_sum 6.0" in found
    assert 'whence_engine_stretch_seconds_count{priority="prediction"} 1.0' in found
    assert 'whence_engine_stretch_seconds_count{priority="background"}' in found


def test_after_a_bout_of_work_it_rests_once() -> None:
    """So that memory is given back while nobody waits, and work that comes meanwhile is done as ever."""
    rests: list[int] = []
    rested = threading.Event()

    def rest() -> None:
        rests.append(1)
        rested.set()

    queue = WorkQueue(rest=rest, idle=0.05)
    start(queue)
    for _ in range(2):
        rested.clear()
        assert queue.submit(lambda progress: 7, priority=PREDICTION).future.result(5) == 7
        assert rested.wait(5)
    queue.close()

    assert 2 <= len(rests) <= 3  # before the first question it may rest, too
