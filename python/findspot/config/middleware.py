"""One version for each request: middleware for ASGI and WSGI applications.

**In**: an application. **Out**: one that pins a version before it runs. **Law**: the pin lasts until the answer is complete: over awaits,
threads started with `to_thread`, and the iteration of a WSGI answer.
"""

from __future__ import annotations

import contextvars
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .store import Store

__all__ = ["middleware"]

KEY = "findspot.config"


def middleware(store: Store[Any], app: Any) -> Any:
    """The application with a pin around each request."""
    return _Asgi(store, app) if _is_asgi(app) else _Wsgi(store, app)


def _is_asgi(app: Any) -> bool:
    call = getattr(app, "__call__", None)  # noqa: B004
    if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(call):
        return True
    try:
        needed = [p for p in inspect.signature(app).parameters.values() if p.default is p.empty and p.kind in (0, 1)]
    except (TypeError, ValueError):
        return False
    return len(needed) == 3


class _Asgi:
    """Pins around a coroutine."""

    def __init__(self, store: Store[Any], app: Callable[..., Awaitable[None]]) -> None:
        self.store = store
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope.get("type") == "lifespan":
            await self.app(scope, receive, send)
            return
        with self.store.pin() as config:
            await self.app({**scope, KEY: config}, receive, send)


class _Wsgi:
    """Pins around a call and the iteration of what it returned."""

    def __init__(self, store: Store[Any], app: Callable[..., Iterable[bytes]]) -> None:
        self.store = store
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        # A context of its own: the server goes on iterating after this call, and other requests use its thread between.
        context = contextvars.copy_context()
        pin = context.run(self.store.pin)
        environ[KEY] = context.run(pin.__enter__)
        try:
            return _Answer(context, pin, context.run(self.app, environ, start_response))
        except BaseException:
            context.run(pin.__exit__, None, None, None)
            raise


class _Answer:
    """The parts of a WSGI answer, each made in the request's context."""

    def __init__(self, context: contextvars.Context, pin: Any, parts: Iterable[bytes]) -> None:
        self.context = context
        self.pin = pin
        self.parts = parts
        self.iterator: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self.iterator is None:
            self.iterator = self.context.run(iter, self.parts)
        return self.context.run(next, self.iterator)

    def close(self) -> None:
        """Called by the server at the end, as WSGI says: what the application left behind is not pinned any more."""
        try:
            if (close := getattr(self.parts, "close", None)) is not None:
                self.context.run(close)
        finally:
            self.context.run(self.pin.__exit__, None, None, None)
