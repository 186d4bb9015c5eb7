"""One photograph of a project, and what became of it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Case", "CaseState"]

Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class CaseState(StrEnum):
    """Where a photograph stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


class Case(FrozenModel):
    """A photograph and the state of its explanation.

    Parameters
    ----------
    path : str
        Absolute path of the photograph's file; unique within its project.
    frame : int
        Which picture of a file that has several, from 0.
    state : CaseState
        Not yet, running, done, or refused.
    why : str
        One sentence, if it was refused.
    sha256, model : str
        Hashes of the photograph and of the model that explained it; empty before.
    decision, target : str
        Class that the classifier decides for, and the one that was asked for.
    probability : float, optional
        Of `decision`.
    reached : bool, optional
        Whether an edit within what real eyes show changes the decision to `target`.
    seconds : float
        How long it took.
    """

    path: str
    frame: Annotated[int, Field(ge=0)] = 0
    state: CaseState = CaseState.WAITING
    why: str = ""
    sha256: Sha256 = ""
    model: Sha256 = ""
    decision: str = ""
    target: str = ""
    probability: Annotated[float, Field(ge=0, le=1)] | None = None
    reached: bool | None = None
    seconds: Annotated[float, Field(ge=0)] = 0.0

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return Path(self.path).name

    @property
    def explained(self) -> bool:
        """Whether there is an explanation to take up."""
        return self.state is CaseState.DONE and bool(self.sha256 and self.model)
