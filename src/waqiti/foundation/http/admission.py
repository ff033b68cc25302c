"""What a service refuses while a switch is on: decided once, where requests are admitted."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from waqiti.foundation.errors import Problem
from waqiti.foundation.http.exchange import Incoming
from waqiti.foundation.telemetry import counter

Replays = Callable[[Incoming], Awaitable[bool]]

_refused: Final = counter("switch_refusals", "Requests refused because a switch is on.", ["code"])


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One switch and what it refuses; ``setting`` is the field that holds it.

    ``replays`` lets a request pass that was answered before under its key. ``anybody`` refuses before keys are looked
    at, those without a known one included. ``page`` is what a browser is shown.
    """

    setting: str
    code: str
    detail: str
    retry_after_seconds: int
    refuses: Callable[[Incoming], bool]
    replays: bool = False
    anybody: bool = False
    page: bytes | None = None

    def refusal(self) -> "Refused":
        """Count a refusal, and return it."""
        _refused.labels(self.code).inc()
        return Refused(self)


class Refused(Problem):
    """503: a switch is on."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(503, rule.code, rule.detail, retryable=True, retry_after_seconds=rule.retry_after_seconds)
        self.page = rule.page


class Admission:
    """The rules of a service, in order of precedence. ``on`` holds those whose switch is on: mostly none.

    ``replays`` says whether a request was answered before under its idempotency key.
    """

    def __init__(self, rules: Sequence[Rule] = (), replays: Replays | None = None) -> None:
        self._rules = tuple(rules)
        self._replays = replays
        self.on: tuple[Rule, ...] = ()

    def apply(self, settings: object) -> None:
        """Follow the switches."""
        self.on = tuple(rule for rule in self._rules if getattr(settings, rule.setting, False))

    def check(self, incoming: Incoming) -> Rule | None:
        """Return the rule that refuses this request unless it is a replay, which is known when its body was read.

        Raises:
            Refused: the first rule that refuses it lets no replay pass.
        """
        for rule in self.on:
            if rule.refuses(incoming):
                if rule.replays and self._replays is not None and incoming.header(b"idempotency-key") is not None:
                    return rule
                raise rule.refusal()
        return None

    def instead_of(self, problem: Problem, incoming: Incoming) -> Problem:
        """Return what somebody who may not enter is told: the reason why nobody may, where there is one."""
        for rule in self.on:
            if rule.anybody and rule.refuses(incoming) and not isinstance(problem, Refused):
                return rule.refusal()
        return problem

    async def require_replay(self, rule: Rule, incoming: Incoming) -> None:
        """Raise ``Refused`` unless the request was answered before."""
        assert self._replays is not None
        try:
            replayed = await self._replays(incoming)
        except Problem as problem:
            if not problem.retryable:
                raise
            # Whoever could know does not answer: a new request would be refused in any case.
            replayed = False
        if not replayed:
            raise rule.refusal()
