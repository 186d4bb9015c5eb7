"""Named moves in style space and the evidence for them."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from napari_latent_explain.domain.activity_map import ActivityMap
from napari_latent_explain.domain.direction_evidence import ExamplePair, OffTargetEffects, TargetSearch
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.naming import Naming
from napari_latent_explain.domain.validation import Validation

__all__ = ["DirectionAtlas", "DirectionId", "Interval", "StyleDirection"]

DirectionId = str
ATTRIBUTES = "attributes"
"""Layer of the coordinates that training taught, as style layouts name it."""
Interval = tuple[float, float]


class StyleDirection(FrozenModel):
    """One style coordinate and the sense in which it raises the target class, with its measured effect.

    A strength of +1 moves the coordinate by ``sign * spread``: one standard deviation over the reference photographs
    (of an attribute, see `taught`), towards the target class. Effects were measured on photographs that were not used to choose
    the direction.

    Parameters
    ----------
    id : str
        Stable identity within its atlas, ``layer:channel:sign:target`` (without the target in older ones).
    name : str
        What a person calls it; "direction 1" until somebody has looked.
    layer, channel : str, int
        The coordinate of style space S.
    sign : int
        +1 or -1.
    spread : float
        Standard deviation of the coordinate over the reference photographs, in style units.
    low, high : float
        5 % and 95 % quantiles of the coordinate over the reference photographs, in style units.
    target : int
        Index of the class that a positive strength raises.
    effect_logit, effect_logit_interval : float, (float, float)
        Mean change of the target's margin (log odds) at the tested step, with a bootstrap 95 % interval.
    effect_probability, effect_probability_interval : float, (float, float)
        The same of the target's probability.
    flip_share : float
        Share of the test photographs of the other class whose decision this direction alone changes.
    held_out : int
        How many photographs the effects were measured on.
    step : float
        Mean size of the tested step, in spreads.
    reverse_effect_logit : float, optional
        Mean change of the target's margin when held-out photographs of the target are moved to the other end (negative
        where the direction can be undone); None where there were none.
    where : ActivityMap, optional
        Where it acts.
    off_target : OffTargetEffects, optional
        What else it changes.
    examples, reverse_examples : tuple of ExamplePair
        The held-out photographs that it changes most: towards the target, and away from it.
    stability : float, optional
        Share of seeds, each with its own draw of the selection photographs, whose selection finds it.
    false_discovery_rate : float, optional
        That of the list that ends with it (see `TargetSearch`): how many moves of a classifier that has learned nothing are at
        least as strong on the selection photographs, over how many directions are; None where it wasn't measured.
    merged : tuple of str
        Ids of near duplicates for which it stands: they make almost the same difference.
    naming : Naming, optional
        Who called it `name`, and when; None while it has the name that the search gave it.
    validation : Validation, optional
        What a study found of it; None before one.
    """

    id: DirectionId
    name: str
    layer: str
    channel: Annotated[int, Field(ge=0)]
    sign: Literal[-1, 1]
    spread: Annotated[float, Field(gt=0)]
    low: float
    high: float
    target: Annotated[int, Field(ge=0)]
    effect_logit: float
    effect_logit_interval: Interval
    effect_probability: float
    effect_probability_interval: Interval
    flip_share: Annotated[float, Field(ge=0, le=1)]
    held_out: Annotated[int, Field(ge=0)]
    step: Annotated[float, Field(ge=0)] = 0.0
    reverse_effect_logit: float | None = None
    where: ActivityMap | None = None
    off_target: OffTargetEffects | None = None
    examples: tuple[ExamplePair, ...] = ()
    reverse_examples: tuple[ExamplePair, ...] = ()
    stability: Annotated[float, Field(ge=0, le=1)] | None = None
    false_discovery_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    merged: tuple[DirectionId, ...] = ()
    naming: Naming | None = None
    validation: Validation | None = None

    @property
    def taught(self) -> bool:
        """Whether it is an attribute, which training taught: 0 in every photograph, so that real eyes show no range of it.

        Its `spread`, `low` and `high` are of what it was taught.
        """
        return self.layer == ATTRIBUTES

    def strength_range(self, value: float) -> tuple[float, float]:
        """Least and greatest strength that keep a coordinate at `value` within what real eyes show.

        Both are 0 or beyond on their own side: a coordinate already outside the range may only come back.
        """
        ends = sorted(((self.low - value) * self.sign / self.spread, (self.high - value) * self.sign / self.spread))
        return min(ends[0], 0.0), max(ends[1], 0.0)


class DirectionAtlas(FrozenModel):
    """The directions of one generator and one classifier, best first within each class.

    Parameters
    ----------
    generator_sha256, classifier_sha256 : str
        SHA-256 of the files of the two networks that the directions were measured with; they mean nothing elsewhere.
    classes : tuple of str
        Names of the classifier's classes.
    directions : tuple of StyleDirection
        Unique by `id`.
    searched : int
        Number of (coordinate, sign) pairs that were screened.
    searches : tuple of TargetSearch
        For each class, how its directions were found.
    forwards : tuple of (str, int)
        Forward passes (one picture through generator and classifier; a backward pass counts as two) by stage of the search.
    """

    generator_sha256: str = ""
    classifier_sha256: str = ""
    classes: tuple[str, ...] = ()
    directions: tuple[StyleDirection, ...] = ()
    searched: int = 0
    searches: tuple[TargetSearch, ...] = ()
    forwards: tuple[tuple[str, Annotated[int, Field(ge=0)]], ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [d.id for d in self.directions]
        if len(set(ids)) != len(ids):
            msg = "two directions of an atlas share an id"
            raise ValueError(msg)
        return self

    def __getitem__(self, direction_id: DirectionId) -> StyleDirection:
        """Return the direction with this id (KeyError if there is none)."""
        for direction in self.directions:
            if direction.id == direction_id:
                return direction
        raise KeyError(direction_id)

    def towards(self, target: int) -> tuple[StyleDirection, ...]:
        """Directions that raise class `target`, best first."""
        return tuple(d for d in self.directions if d.target == target)

    def named(self, names: Mapping[DirectionId, Naming]) -> "DirectionAtlas":
        """Return the atlas with directions called as `names` says; ids that it lacks are passed over."""
        directions = tuple(
            d.replace(name=names[d.id].name, naming=names[d.id]) if d.id in names else d for d in self.directions
        )
        return self.replace(directions=directions)

    def validated(self, found: Mapping[DirectionId, Validation]) -> "DirectionAtlas":
        """Return the atlas with what a study found of its directions; ids that it lacks are passed over."""
        directions = tuple(d.replace(validation=found[d.id]) if d.id in found else d for d in self.directions)
        return self.replace(directions=directions)
