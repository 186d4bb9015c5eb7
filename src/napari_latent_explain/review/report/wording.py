"""Numbers in words: with their intervals, and where there is none with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain import percent
from napari_latent_explain.review.agreement import exact_proportion

if TYPE_CHECKING:
    from napari_latent_explain.review.agreement import Coefficient, Proportion
    from napari_latent_explain.review.direction_summary import Scale

__all__ = ["Remarks", "coefficient", "counted", "level", "proportion", "scale", "share"]


class Remarks:
    """Reasons that stand under a table once, with a letter for each."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def letter(self, reason: str) -> str:
        """Return the letter of a reason, in brackets."""
        return "(" + self._letters.setdefault(reason, "abcdefghijklmnopqrstuvwxyz"[len(self._letters) % 26]) + ")"

    @property
    def lines(self) -> str:
        """All reasons; empty if there are none."""
        return "; ".join(f"({letter}) {reason}" for reason, letter in self._letters.items())


def counted(number: int, one: str, several: str = "") -> str:
    """A number with its noun."""
    return f"{number} {one if number == 1 else several or one + 's'}"


def _number(value: float, *, as_share: bool) -> str:
    return percent(value) if as_share else f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def coefficient(found: Coefficient, remarks: Remarks) -> str:
    """Say a coefficient, such as ``0.71 [0.52, 0.85]``; why there is no interval goes to the remarks."""
    if found.value is None:
        return found.undefined
    as_share = "percent" in found.name
    value = _number(found.value, as_share=as_share)
    if found.interval is None:
        return f"{value} {remarks.letter(found.without_interval)}"
    low, high = (_number(end, as_share=as_share) for end in found.interval)
    return f"{value} [{low}, {high}]"


def level(found: Coefficient) -> str:
    """What kind of a coefficient it is, as far as its name says: ordinal, quadratic weights."""
    return found.name.partition(", ")[2]


def proportion(found: Proportion) -> str:
    """Say a share of trials, such as ``3 of 4, 75.0 % [19.4 %, 99.4 %]``."""
    if found.value is None or found.interval is None:
        return found.undefined
    low, high = found.interval
    return f"{found.count} of {found.trials}, {percent(found.value)} [{percent(low)}, {percent(high)}]"


def share(count: int, trials: int) -> str:
    """Say how often something was answered, with its exact interval."""
    return proportion(exact_proportion("answers", count, trials))


def scale(found: Scale, remarks: Remarks) -> str:
    """Say a mean with its interval."""
    if found.interval is None:
        return f"{found.mean:.2f} {remarks.letter('no interval: fewer than 10 cases to draw from')}"
    low, high = found.interval
    return f"{found.mean:.2f} [{low:.2f}, {high:.2f}]"
