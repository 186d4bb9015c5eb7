"""A coefficient of agreement, or the reason why there is none."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Coefficient"]

_Count = Annotated[int, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]


class Coefficient(FrozenModel):
    """What was found about the agreement of raters.

    Parameters
    ----------
    name : str
        Such as "Krippendorff's alpha, ordinal".
    value : float, optional
        1 is perfect agreement; chance-corrected coefficients are 0 where raters agree as by chance, and may be negative.
        None where the coefficient is undefined.
    interval : (float, float), optional
        95 % percentile bootstrap interval over cases (see `estimate`). It need not lie evenly around the value.
    undefined : str
        Why there is no value, such as "undefined: no variation".
    without_interval : str
        Why there is a value but no interval.
    agreement : float, optional
        Percent agreement, as a share in [0, 1], of the same ratings: it is there even where the coefficient is undefined. None
        where no unit has two ratings.
    units, cases, raters, ratings : int
        How many took part. Units without a second rating don't.
    left_out : int
        Units of the table that did not take part.
    draws, undefined_draws : int
        Resamples that the interval was sought with, and those among them in which the coefficient is undefined; they are left
        out of the interval.
    """

    name: str
    value: float | None
    interval: tuple[float, float] | None = None
    undefined: str = ""
    without_interval: str = ""
    agreement: _Share | None = None
    units: _Count
    cases: _Count
    raters: _Count
    ratings: _Count
    left_out: _Count = 0
    draws: _Count = 0
    undefined_draws: _Count = 0

    @model_validator(mode="after")
    def _nothing_is_missing_without_a_reason(self) -> Self:
        if (self.value is None) != bool(self.undefined):
            msg = f"{self.name}: a value, or the reason why it is undefined, and not both"
            raise ValueError(msg)
        if self.interval is not None and (self.value is None or self.without_interval):
            msg = f"{self.name}: an interval needs a value, and no reason why it is missing"
            raise ValueError(msg)
        if self.interval is None and self.value is not None and not self.without_interval:
            msg = f"{self.name}: the interval is missing without a reason"
            raise ValueError(msg)
        if self.interval is not None and self.interval[0] > self.interval[1]:
            msg = f"{self.name}: the interval ends before it begins"
            raise ValueError(msg)
        return self
