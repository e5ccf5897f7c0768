"""Calls of models off the event loop: the last request of a control wins, and nobody waits."""

import asyncio
import concurrent.futures
import contextlib
import logging
import weakref
from collections.abc import Callable

from nicegui import ui

from zoo.errors import UserError

# More threads than cores, and a share of them for each visitor: what one visitor asks must not
# stand behind the slow requests of another.
POOL = concurrent.futures.ThreadPoolExecutor(48, "explore")
SHARE = 2
# Seconds until a spinner turns, and until a request is given up: the first one of a large model may
# take half a minute on two cores.
SPINNER, LIMIT = 0.15, 120.0

_shares: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


class Status:
    """Says what happens to the calls of a card: a spinner while they take time, errors in words.

    Args:
      retry: whether a failed call may succeed when it is tried again.
    """

    def __init__(self, retry: bool = True):
        self.retry = retry
        self.spinner = ui.spinner(size="sm").props('role=status aria-label="Computing"')
        self.spinner.set_visibility(False)
        self._late: set[LastCall] = set()
        self._failed: dict[LastCall, str] = {}

    def place_message(self) -> None:
        """Makes the line for errors here."""
        with ui.row().classes("items-center gap-2 w-full") as self.line:
            self.message = ui.label().props("role=alert")
            self.message.classes("text-sm font-medium text-red-800 dark:text-red-300")
            self.again = ui.button("Try again", on_click=self._try_again, color=None)
            self.again.props("outline no-caps dense padding='2px 10px'")
        self._show()

    def show_late(self, call: "LastCall", late: bool) -> None:
        """Turns the spinner while one of the calls is late."""
        (self._late.add if late else self._late.discard)(call)
        self.spinner.set_visibility(bool(self._late))

    def show_error(self, call: "LastCall", text: str) -> None:
        """Shows the error of a call, which the button tries again; with "", that it is over."""
        if text:
            self._failed[call] = text
        else:
            self._failed.pop(call, None)
        self._show()

    def _show(self):
        self.message.set_text(" ".join(dict.fromkeys(self._failed.values())))
        self.line.set_visibility(bool(self._failed))
        self.again.set_visibility(self.retry)

    def _try_again(self):
        for call in list(self._failed):
            call.repeat()


class LastCall:
    """Runs a function in a thread, for the newest of the requests that came while it was busy.

    Args:
      compute: gets the arguments of `request`.
      show: gets its result, in the event loop.
      status: shows that it takes long, or why it failed.
      visitor: whose share of the threads it takes.
    """

    def __init__(self, compute: Callable, show: Callable, status: Status, visitor: object):
        self.compute, self.show, self.status, self.visitor = compute, show, status, visitor
        self._wanted: tuple | None = None
        self._newest: tuple = ()
        self._busy = False

    def request(self, *args) -> None:
        """Asks for a result; an earlier request that has not begun is dropped."""
        self._wanted = self._newest = args
        if not self._busy:
            self._busy = True
            # Tasks that nothing refers to may be collected before they end.
            self._task = asyncio.get_running_loop().create_task(self._serve())

    def repeat(self) -> None:
        """Asks again for the newest request, which may have come after the one that failed."""
        self.request(*self._newest)

    async def _serve(self):
        try:
            while self._wanted is not None:
                args, self._wanted = self._wanted, None
                await self._answer(args)
        finally:
            self._busy = False

    async def _answer(self, args):
        late = asyncio.get_running_loop().call_later(SPINNER, self.status.show_late, self, True)
        error = ""
        try:
            async with asyncio.timeout(LIMIT):
                result = await self._compute(args)
            self.show(result)
        except UserError as failure:
            error = str(failure)
        except TimeoutError:
            error = f"There was no answer within {LIMIT:.0f} seconds."
        except Exception as failure:
            logging.getLogger(__name__).exception("A call of a model failed")
            error = f"The page has a bug, please report it: {failure}"
        finally:
            late.cancel()
            self.status.show_late(self, False)
            self.status.show_error(self, error)

    async def _compute(self, args):
        """Computes in a thread, which counts to the visitor's share until it ends."""
        loop = asyncio.get_running_loop()
        share = _shares.setdefault(self.visitor, asyncio.Semaphore(SHARE))
        await share.acquire()

        def release(_):
            with contextlib.suppress(RuntimeError):  # the page has stopped
                loop.call_soon_threadsafe(share.release)

        future = POOL.submit(self.compute, *args)
        future.add_done_callback(release)
        return await asyncio.wrap_future(future)
