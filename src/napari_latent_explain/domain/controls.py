"""What was measured of one counterfactual beside its probabilities: its dose-response curve, and whether controls pass."""

import math
from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain.edit import Edit
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.probabilities import Probabilities

__all__ = ["Alternative", "DoseResponse", "Faithfulness", "LesionOverlap"]

Share = Annotated[float, Field(ge=0, le=1)]
_FOLLOWS = 0.25  # share of the effect that another classifier's log odds must move by to count as following


def _log_odds(p: float) -> float:
    p = min(max(p, 1e-6), 1 - 1e-6)
    return math.log(p / (1 - p))


class DoseResponse(FrozenModel):
    """Log odds of the target at even shares of an edit, from none of it to all of it.

    Parameters
    ----------
    doses, log_odds : tuple of float
        Shares of the edit in [0, 1], and what was measured there.
    monotone : bool
        Whether the log odds never fall by more than the tolerance from one dose to the next.
    rank_correlation : float
        Spearman's, of dose and log odds: 1 for a curve that only rises; 0 where the edit changes nothing.
    """

    doses: tuple[Share, ...]
    log_odds: tuple[float, ...]
    monotone: bool
    rank_correlation: float


class Faithfulness(FrozenModel):
    """What the controls said of one edit.

    Parameters
    ----------
    effect : float
        Change of the target's log odds by the edit.
    random_effects : tuple of float
        The same by random moves of equal energy (root mean square of the difference in the field).
    random_share : float
        Share of those that move the opinion less (in size) than the edit does.
    control_effects : dict of str to tuple of float
        The same by heads that know nothing, by kind; empty if the model has none.
    control_share : dict of str to float
        Share of those that the edit moves less (in size) than the classifier.
    kept : dict of str to float
        Share of the effect that is left after JPEG compression, blur and shift of photograph and composite alike.
    reversal : float
        Share of the effect that is taken back when the composite is inverted anew and moved back.
    second_before, second_after : float, optional
        Probability of the target by an independent classifier, of photograph and composite; None if the model has none.
    """

    effect: float
    random_effects: tuple[float, ...]
    random_share: Share
    control_effects: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    control_share: dict[str, Share] = Field(default_factory=dict)
    kept: dict[str, float]
    reversal: float
    second_before: Share | None = None
    second_after: Share | None = None

    @property
    def second_follows(self) -> bool | None:
        """Whether the independent classifier's opinion moves the same way, by at least a quarter of the log odds.

        None if there is none.
        """
        if self.second_before is None or self.second_after is None:
            return None
        moved = _log_odds(self.second_after) - _log_odds(self.second_before)
        return moved * self.effect > 0 and abs(moved) >= _FOLLOWS * abs(self.effect)

    @property
    def passed(self) -> bool:
        """Whether nine random moves in ten do less, half of the effect outlives each disturbance and is reversible, and an
        independent classifier follows.
        """
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the controls that it does not pass."""
        beaten = {"random moves": self.random_share} | {f"{k} heads": v for k, v in self.control_share.items()}
        outlived = self.kept | {"reversal": self.reversal}
        return tuple(
            [name for name, share in beaten.items() if share < 0.9]
            + [name for name, share in outlived.items() if share < 0.5]
            + (["independent classifier"] if self.second_follows is False else [])
        )


class LesionOverlap(FrozenModel):
    """Whether an edit acts where an expert outlined one kind of thing.

    Parameters
    ----------
    kind : str
        What was outlined: EX, MA, HE, SE, OD, vessel, ...
    area : float
        Share of the field that is outlined.
    share : float
        Share of all change (mean absolute difference) that lies inside the outline.
    auc : float
        Probability that a pixel inside changes more than one outside: 0.5 says that the outline makes no difference.
    """

    kind: str
    area: Share
    share: Share
    auc: Share

    @property
    def enrichment(self) -> float:
        """How many times as much changes inside as the outline's area would make expect."""
        return self.share / self.area


class Alternative(FrozenModel):
    """Another answer for the same photograph: its edit and what the classifier says of the composite."""

    edit: Edit
    probabilities: Probabilities
    flipped: bool
    changed_area_fraction: Share
    note: str = ""
