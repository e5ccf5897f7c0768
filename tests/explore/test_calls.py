"""Calls off the event loop: the last one wins, errors are shown, nobody waits."""

import asyncio
import threading
import time

from zoo.errors import UserError
from zoo.explore import calls
from zoo.explore.calls import POOL, LastCall


class Line:
    """What a Status is told, without a page; also a visitor."""

    def __init__(self):
        self.said, self.turned = [], []

    def show_error(self, call, text):
        self.said.append(text)

    def show_late(self, call, late):
        self.turned.append(late)


def make_call(compute, show, line=None):
    line = line or Line()
    return LastCall(compute, show, line, line)


async def until(condition):
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never happened")


def test_of_many_requests_the_first_and_the_last_are_answered():
    ready, seen, shown = threading.Event(), [], []

    def compute(value):
        seen.append(value)
        ready.wait(5)
        return value

    async def scenario():
        call = make_call(compute, shown.append)
        call.request(0)
        await until(lambda: seen)
        for value in range(1, 50):
            call.request(value)
        ready.set()
        await until(lambda: shown and shown[-1] == 49)

    asyncio.run(scenario())
    assert seen == shown == [0, 49]


def test_an_error_is_shown_and_the_next_request_is_answered(monkeypatch):
    line, shown = Line(), []

    def compute(value):
        if value == "down":
            raise UserError("The server does not answer.")
        if value == "slow":
            time.sleep(0.3)
        return value

    def show(value):
        if value == "odd":
            raise IndexError("no such row")
        shown.append(value)

    async def scenario():
        call = make_call(compute, show, line)
        call.request("down")
        await until(lambda: line.said)
        assert line.said == ["The server does not answer."] and not shown
        call.repeat()
        await until(lambda: len(line.said) == 2)
        call.request("odd")  # an error of what shows the result
        await until(lambda: "please report it: no such row" in line.said[-1])
        call.request("up")
        call.repeat()  # the button of the error that is still there: the newest, not what failed
        await until(lambda: shown and not line.said[-1])
        monkeypatch.setattr(calls, "LIMIT", 0.05)
        call.request("slow")
        await until(lambda: "no answer within" in line.said[-1])

    asyncio.run(scenario())
    assert set(shown) == {"up"}


def test_a_spinner_turns_for_slow_calls_alone():
    line, shown = Line(), []

    async def scenario(seconds):
        call = make_call(lambda: time.sleep(seconds), shown.append, line)
        call.request()
        await until(lambda: shown)
        await asyncio.sleep(0.02)

    asyncio.run(scenario(0.01))
    assert True not in line.turned
    shown.clear()
    asyncio.run(scenario(2 * calls.SPINNER))
    assert line.turned[-2:] == [True, False]


def test_a_visitor_with_many_slow_calls_does_not_hold_up_another():
    ready, shown, begun = threading.Event(), [], []

    def compute():
        begun.append(1)
        ready.wait(10)

    async def scenario():
        one, line = Line(), Line()
        slow = [make_call(compute, shown.append, one) for _ in range(2 * POOL._max_workers)]
        for call in slow:
            call.request()
        quick = make_call(lambda: "quick", shown.append, line)
        began = time.perf_counter()
        quick.request()
        await until(lambda: shown)
        assert shown == ["quick"] and time.perf_counter() - began < 1
        assert len(begun) == calls.SHARE
        ready.set()
        await until(lambda: len(shown) == 1 + len(slow))

    asyncio.run(scenario())


def test_a_call_that_was_given_up_keeps_its_share_until_it_ends(monkeypatch):
    monkeypatch.setattr(calls, "LIMIT", 0.05)
    monkeypatch.setattr(calls, "SHARE", 1)
    ready, line, shown = threading.Event(), Line(), []

    async def scenario():
        stuck = make_call(lambda: ready.wait(10), shown.append, line)
        stuck.request()
        await until(lambda: any("no answer" in text for text in line.said))
        other = make_call(lambda: "answered", shown.append, line)
        other.request()
        await until(lambda: len(line.said) == 2)
        assert not shown
        ready.set()
        await asyncio.sleep(0.05)
        other.repeat()
        await until(lambda: shown)

    asyncio.run(scenario())
    assert shown == ["answered"]
