"""What the classifier says of the three pictures of an explanation."""

from napari_latent_explain.domain.frozen import FrozenModel

__all__ = ["Probabilities"]


class Probabilities(FrozenModel):
    """Class probabilities of the photograph, of its reconstruction G(s), and of the counterfactual composite."""

    original: tuple[float, ...]
    reconstruction: tuple[float, ...]
    counterfactual: tuple[float, ...]

    @property
    def gap(self) -> float:
        """Largest absolute difference between photograph and reconstruction: how far the model can be trusted here."""
        return max(abs(a - b) for a, b in zip(self.original, self.reconstruction, strict=True))
