"""Walks whole lists, page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from inspect import iscoroutinefunction
from typing import Any, Final, ParamSpec, TypeVar, overload

from waqiti.contracts.public.common import Page

Filters = ParamSpec("Filters")
Item = TypeVar("Item")

_LARGEST_PAGE: Final = 100


@overload
def pages(
    listing: Callable[Filters, Coroutine[Any, Any, Page[Item]]], *args: Filters.args, **filters: Filters.kwargs
) -> AsyncIterator[Item]: ...


@overload
def pages(listing: Callable[Filters, Page[Item]], *args: Filters.args, **filters: Filters.kwargs) -> Iterator[Item]: ...


def pages(listing: Callable[..., Any], *args: Any, **filters: Any) -> AsyncIterator[Any] | Iterator[Any]:
    """Walk a whole list, newest first, one request a page of 100: ``listing`` is a method of either client.

    >>> for payment in pages(client.payments.list, wallet=wallet.id): ...
    >>> async for payment in pages(async_client.payments.list, wallet=wallet.id): ...

    Filters are those of ``listing``. Pages are fetched as they are needed; a ``break`` fetches no more.
    """
    filters.setdefault("limit", _LARGEST_PAGE)
    walk = _walk_awaiting if iscoroutinefunction(listing) else _walk
    return walk(listing, args, filters)


def _walk(listing: Callable[..., Page[Item]], args: tuple[Any, ...], filters: dict[str, Any]) -> Iterator[Item]:
    page = listing(*args, **filters)
    yield from page.data
    while page.next_cursor is not None:
        page = listing(*args, **{**filters, "cursor": page.next_cursor})
        yield from page.data


async def _walk_awaiting(
    listing: Callable[..., Awaitable[Page[Item]]], args: tuple[Any, ...], filters: dict[str, Any]
) -> AsyncIterator[Item]:
    page = await listing(*args, **filters)
    while True:
        for item in page.data:
            yield item
        if page.next_cursor is None:
            return
        page = await listing(*args, **{**filters, "cursor": page.next_cursor})
