"""What an audit found: how a classifier reacts to what it should not."""

from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain.counterfactual import ModelIdentity
from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["CONCERN", "FLIPS_CONCERN", "AuditReport", "InterventionEffect", "SubgroupGap"]

Share = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[float, float]

CONCERN = 0.25  # standard deviations of the log odds; what is surely beyond is worth a look
FLIPS_CONCERN = 0.05  # of the decisions: more than one in twenty, surely, is worth a look whichever way they go


class InterventionEffect(FrozenModel):
    """What one change of all photographs does to the target's log odds; intervals are 95 % over photographs, bootstrap ones of
    means and exact ones (Clopper and Pearson 1934) of shares.

    Parameters
    ----------
    name, group, says : str
        The intervention, the property, and what it does to a photograph.
    effect, effect_interval : float, (float, float)
        Mean change of the log odds.
    size, size_interval : float, (float, float)
        Mean absolute change: what moves some up and others down counts too.
    standardised : float
        `effect` in standard deviations of the log odds among photographs with the same decision.
    flips, flips_interval : float, (float, float)
        Share of the photographs whose decision changes.
    strongest : int
        Number of the photograph that changes most.
    concern : bool
        Whether the effect is surely larger than a quarter of the spread, or surely more than one decision in twenty changes:
        what moves some up and others down has no mean effect.
    """

    name: str
    group: str
    says: str
    effect: float
    effect_interval: Interval
    size: float
    size_interval: Interval
    standardised: float
    flips: Share
    flips_interval: Interval
    strongest: Annotated[int, Field(ge=0)]
    concern: bool = False

    @property
    def flips_often(self) -> bool:
        """Whether surely more than one decision in twenty changes."""
        return self.flips_interval[0] > FLIPS_CONCERN


class SubgroupGap(FrozenModel):
    """How photographs above and at or below a split of a property differ (upper less lower); None where not measured."""

    name: str
    split: float
    upper: int
    lower: int
    decisions: float
    decisions_interval: Interval
    flips: float | None = None
    flips_interval: Interval | None = None

    @property
    def sure(self) -> bool:
        """Whether an interval leaves out 0."""
        intervals = [self.decisions_interval, *([self.flips_interval] if self.flips_interval is not None else [])]
        return any(low > 0 or high < 0 for low, high in intervals)


class AuditReport(FrozenModel):
    """An audit of one classifier on one set of photographs.

    `spread` is the standard deviation of the target's log odds among photographs with the same decision.
    """

    model: ModelIdentity
    classes: tuple[str, ...]
    target: int
    photographs: int
    spread: float
    interventions: tuple[InterventionEffect, ...]
    subgroups: tuple[SubgroupGap, ...] = ()

    @property
    def concerns(self) -> tuple[InterventionEffect, ...]:
        """Interventions with a mean effect surely larger than a quarter of the spread, or that surely change more than one
        decision in twenty; the strongest mean effect first.
        """
        return tuple(sorted((i for i in self.interventions if i.concern), key=lambda i: -abs(i.effect)))

    @property
    def verdict(self) -> str:
        """What to look at, in a sentence."""
        if not self.concerns:
            return (
                "No change here, surely, moves it by more than a quarter of the spread of its log odds among eyes with the same "
                f"decision, or changes more than {100 * FLIPS_CONCERN:.0f} % of the decisions."
            )
        found = (
            f"{one.name} ({one.effect:+.2f} log odds, {100 * one.flips:.0f} % of the decisions change)"
            for one in self.concerns
        )
        return "Reacts to: " + ", ".join(found) + "."
