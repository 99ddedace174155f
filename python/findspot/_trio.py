"""Awaiting under trio: who waits, and the task that wakes them.

**In**: results that an inbox announces by its pipe. **Out**: tasks that go on. **Law**: imported only in a task of trio. Each run of trio has one
inbox, watched by one system task, which ends with the run; a task that is cancelled lets go of its search at once.
"""

from __future__ import annotations

import trio
from trio.lowlevel import Abort, RunVar

from . import _native

__all__ = ["inbox", "landed"]

_INBOX: RunVar[_native.Inbox] = RunVar("findspot's inbox")


def inbox() -> _native.Inbox:
    """The inbox of this run."""
    try:
        return _INBOX.get()
    except LookupError:
        made = _native.Inbox()
        _INBOX.set(made)
        trio.lowlevel.spawn_system_task(_collect, made, name="findspot's results")
        return made


async def _collect(inbox: _native.Inbox) -> None:
    while True:
        await trio.lowlevel.wait_readable(inbox.fileno())
        inbox.collect()


async def landed(pending: _native.Pending) -> None:
    """Waits until the result is there."""
    if pending.done():  # refused before it began
        await trio.lowlevel.checkpoint()
        return
    task = trio.lowlevel.current_task()
    pending.add_done_callback(lambda _: trio.lowlevel.reschedule(task))

    def abort(_: object) -> Abort:
        pending.cancel()
        return Abort.SUCCEEDED

    await trio.lowlevel.wait_task_rescheduled(abort)
