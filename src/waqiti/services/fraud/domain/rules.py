"""Rules: conditions over features, with weights that add up to a score."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waqiti.contracts.fraud import Reason
from waqiti.foundation.money import major_units
from waqiti.services.fraud.domain.expressions import Conditions
from waqiti.services.fraud.domain.features import Features

MAX_RULES: Final = 20
_PLACES: Final = 4


class RulesError(Exception):
    """A rules file that cannot be used; the message says why."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where ``when`` holds, ``weight`` goes into the score and (``code``, ``detail``) is a reason.

    ``given`` names a feature without which the rule never holds: a flag that is set, or a count above 0. Where no rule
    has what it needs, as for nearly all payments, no expression is evaluated.
    """

    code: Annotated[str, Meta(pattern="^[a-z][a-z_]{2,63}$")]
    weight: Annotated[float, Meta(gt=0.0, le=1.0)]
    when: str
    detail: str
    given: str | None = None

    @property
    def reason(self) -> Reason:
        """What a decision says of this rule."""
        return Reason(self.code, self.detail)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reporting_thresholds: dict[str, int]
    rules: Annotated[list[Rule], Meta(min_length=1, max_length=MAX_RULES)]


class Hits(msgspec.Struct, frozen=True):
    """What the rules say of one item: score 0..1, the rules that matched, and those that could not be evaluated."""

    score: float
    matched: tuple[Rule, ...]
    failed: tuple[Rule, ...] = ()

    @property
    def reasons(self) -> list[Reason]:
        """The reasons, heaviest first."""
        return [rule.reason for rule in sorted(self.matched, key=lambda rule: -rule.weight)]


class RuleSet:
    """Compiled rules; ``thresholds`` are the reporting thresholds by currency, in minor units."""

    def __init__(self, rules: Sequence[Rule], thresholds: Mapping[str, int]) -> None:
        if len({rule.code for rule in rules}) != len(rules):
            raise RulesError("two rules have the same code")
        self.rules = tuple(rules)
        self.thresholds = thresholds
        self._conditions = Conditions([_condition(rule) for rule in rules], _variables())
        given = [rule.given for rule in rules]
        self._given = () if None in given else tuple(dict.fromkeys(name for name in given if name is not None))

    @classmethod
    def read(cls, text: str) -> "RuleSet":
        """Read a rules file (TOML).

        Raises:
            RulesError: a rule is incomplete or named twice, or there are more than 20.
            ExpressionError: a condition does not compile.
        """
        try:
            file = msgspec.convert(tomllib.loads(text), _File)
            thresholds = {code: major_units(units, code) for code, units in file.reporting_thresholds.items()}
        except (tomllib.TOMLDecodeError, msgspec.ValidationError, KeyError) as error:
            raise RulesError(str(error)) from error
        return cls(file.rules, thresholds)

    def evaluate(self, features: Features) -> Hits:
        """Evaluate every rule; the score is 1 - product of (1 - weight) over those that match, to 4 places."""
        if self._given and not any(getattr(features, name) for name in self._given):
            return _NO_HITS
        outcomes = self._conditions.matches(msgspec.structs.asdict(features))
        if outcomes is None:
            return _NO_HITS
        matched = tuple(rule for rule, outcome in zip(self.rules, outcomes, strict=True) if outcome)
        failed = tuple(rule for rule, outcome in zip(self.rules, outcomes, strict=True) if outcome is None)
        return Hits(combined(rule.weight for rule in matched), matched, failed)


def _condition(rule: Rule) -> str:
    """Return the whole condition of a rule, what must be given included.

    Raises:
        RulesError: that is no flag and no count.
    """
    if rule.given is None:
        return rule.when
    kind = _variables().get(rule.given)
    if kind is not bool and kind is not int:
        raise RulesError(f"{rule.code}: {rule.given} is no flag and no count")
    return f"{rule.given}{'' if kind is bool else ' > 0'} && ({rule.when})"


def combined(weights: Iterable[float]) -> float:
    """Return 1 - product of (1 - weight), to 4 places."""
    return round(1.0 - prod(1.0 - weight for weight in weights), _PLACES)


def _variables() -> dict[str, type[int | bool | str]]:
    return {field.name: field.type for field in msgspec.structs.fields(Features)}


_NO_HITS: Final = Hits(0.0, ())
