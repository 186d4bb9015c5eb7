"""What raters agreed on about a direction."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Validation"]

_Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Validation(FrozenModel):
    """That a direction passed the rule of a study's protocol, and the evidence for it.

    Parameters
    ----------
    study, protocol : str
        SHA-256 of the study, and the name of its protocol.
    verdict : str
        What the raters call it: "known sign", "plausible novel", "confounder or shortcut", "artefact".
    names : tuple of str
        What they named it, most frequent first.
    raters : tuple of str
        Pseudonyms of those who judged it.
    ratings, agreeing : int
        First judgements of it, and how many of them gave `verdict`.
    plausibility : float, optional
        Mean plausibility, 1 to 5; None where it was not asked.
    at : datetime.datetime
        When the summary was made, with its time zone.
    heads : tuple of str
        Last hash of each rater's log, in the order of `raters`.
    """

    study: _Sha256
    protocol: str
    verdict: str
    names: tuple[str, ...] = ()
    raters: tuple[str, ...] = ()
    ratings: Annotated[int, Field(ge=0)]
    agreeing: Annotated[int, Field(ge=0)]
    plausibility: Annotated[float, Field(ge=1, le=5)] | None = None
    at: AwareDatetime
    heads: tuple[_Sha256, ...] = ()
