"""What a trial puts on show, and what it hides until its answers are locked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.review.protocol import Role
from napari_latent_explain.review.study import Picture

if TYPE_CHECKING:
    from napari_latent_explain.review.sequence import Trial
    from napari_latent_explain.review.study import Study

__all__ = ["Reveal", "Shown", "pictures_of", "reveal"]

_CALLED = {
    Role.ORIGINAL: "Photograph",
    Role.COUNTERFACTUAL: "Counterfactual (computed)",
    Role.MORE: "More (computed)",
    Role.LESS: "Less (computed)",
    Role.DIFFERENCE: "Difference (computed)",
}


class Shown(FrozenModel):
    """One picture of a trial.

    Parameters
    ----------
    label : str
        What it is called on the screen: A, B, C, or what it is where the protocol labels pictures.
    picture : Picture
        Its file.
    role : Role
        What the study made it as; in a catch trial it is a photograph all the same.
    """

    label: str
    picture: Picture
    role: Role


class Reveal(FrozenModel):
    """What a rater may know once a trial is locked.

    Parameters
    ----------
    kind : str
        "first", "repeat" or "catch".
    direction, target : str
        What was moved, and towards which class.
    probabilities : tuple of (str, float)
        What the classifier says of each picture for `target`, from left to right.
    """

    kind: str
    direction: str
    target: str
    probabilities: tuple[tuple[str, float], ...]


def pictures_of(study: Study, trial: Trial) -> tuple[Shown, ...]:
    """Return the pictures of a trial from left to right; in a catch trial, photographs alone."""
    item, protocol = study.item(trial.item), study.protocol
    roles = protocol.shows[::-1] if trial.swapped else protocol.shows
    shown = []
    for place, role in enumerate(roles):
        picture = item.pictures[role]
        if trial.kind == "catch" and role is not Role.ORIGINAL:
            picture = study.item(trial.beside or trial.item).pictures[Role.ORIGINAL]
        label = _CALLED[role] if protocol.labelled and trial.kind != "catch" else "ABC"[place]
        if len(roles) == 3 and role is Role.ORIGINAL:
            label = "Photograph"
        shown.append(Shown(label=label, picture=picture, role=role))
    return tuple(shown)


def reveal(study: Study, trial: Trial) -> Reveal:
    """Say what a trial was."""
    item = study.item(trial.item)
    said = []
    for shown in pictures_of(study, trial):
        role = Role.ORIGINAL if trial.kind == "catch" else shown.role
        if role in item.probabilities:
            said.append((shown.label, item.probabilities[role][item.target]))
    if trial.kind == "catch":
        return Reveal(
            kind="catch", direction="nothing was changed", target=study.classes[item.target], probabilities=()
        )
    return Reveal(
        kind=trial.kind,
        direction=item.direction_name or "the whole counterfactual",
        target=study.classes[item.target],
        probabilities=tuple(said),
    )
