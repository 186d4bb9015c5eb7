"""A proportion with its exact interval."""

from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain import WrongUseError
from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Proportion", "exact_proportion"]

_Count = Annotated[int, Field(ge=0)]
_Share = Annotated[float, Field(ge=0, le=1)]


class Proportion(FrozenModel):
    """A share of trials.

    Parameters
    ----------
    name : str
        Of what.
    count, trials : int
        How many of how many.
    value : float, optional
        count / trials; None without trials.
    interval : (float, float), optional
        Exact 95 % interval.
    p : float, optional
        Exact two-sided p-value against one half.
    undefined : str
        Why there is no value.
    """

    name: str
    count: _Count
    trials: _Count
    value: _Share | None = None
    interval: tuple[_Share, _Share] | None = None
    p: _Share | None = None
    undefined: str = ""


def exact_proportion(name: str, count: int, trials: int) -> Proportion:
    """Give a proportion, with the interval and the p-value of the binomial distribution.

    Clopper & Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial", Biometrika 26 (1934),
    404-413. The interval covers 95 % or more, if trials are independent: trials of several raters on one picture are not.

    Parameters
    ----------
    name : str
        Of what.
    count, trials : int
        How many of how many, 0 <= count <= trials.

    Raises
    ------
    WrongUseError
        If there are more, or fewer, than can be.
    """
    if not 0 <= count <= trials:
        msg = f"{name}: {count} of {trials} trials is impossible."
        raise WrongUseError(msg)
    if trials == 0:
        return Proportion(name=name, count=0, trials=0, undefined="undefined: no trials")
    from scipy.stats import binomtest

    test = binomtest(count, trials, 0.5)
    interval = test.proportion_ci(confidence_level=0.95, method="exact")
    return Proportion(
        name=name,
        count=count,
        trials=trials,
        value=count / trials,
        interval=(float(interval.low), float(interval.high)),
        p=min(1.0, float(test.pvalue)),
    )
