"""The sliders, and which of them are heard."""

from napari_latent_explain.domain.direction import DirectionId
from napari_latent_explain.domain.edit import Edit
from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Mix"]


class Mix(FrozenModel):
    """Where the sliders stand, with some of them muted or one of them alone, as on a mixing desk.

    Parameters
    ----------
    edit : Edit
        Where the sliders stand.
    muted : frozenset of str
        Directions that are not heard, wherever their sliders stand.
    solo : str, optional
        The one direction that is heard, muted or not.

    Examples
    --------
    >>> mix = Mix(edit=Edit(strengths={"a": 1.0, "b": 2.0}))
    >>> mix.with_muted("a", True).heard == Edit(strengths={"b": 2.0})
    True
    """

    edit: Edit = Edit()
    muted: frozenset[DirectionId] = frozenset()
    solo: DirectionId | None = None

    @property
    def heard(self) -> Edit:
        """The edit that is shown."""
        if self.solo is not None:
            return Edit(strengths={self.solo: self.edit[self.solo]})
        return Edit(strengths={key: v for key, v in self.edit.strengths.items() if key not in self.muted})

    def hears(self, direction_id: DirectionId) -> bool:
        """Whether moving this direction's slider changes the picture."""
        return direction_id == self.solo if self.solo is not None else direction_id not in self.muted

    def with_strength(self, direction_id: DirectionId, strength: float) -> "Mix":
        """Return the mix with one slider moved."""
        return self.replace(edit=self.edit.with_strength(direction_id, strength))

    def with_muted(self, direction_id: DirectionId, muted: bool) -> "Mix":
        """Return the mix with one direction muted, or heard again."""
        return self.replace(muted=self.muted | {direction_id} if muted else self.muted - {direction_id})

    def with_solo(self, direction_id: DirectionId | None) -> "Mix":
        """Return the mix with one direction alone, or (None) all that are not muted."""
        return self.replace(solo=direction_id)
