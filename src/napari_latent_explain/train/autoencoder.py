"""Generator and encoder as one module, so that several processes can share its gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call

from napari_latent_explain.model.encoder import EncoderConfig, FundusEncoder
from napari_latent_explain.model.generator import GeneratorConfig, StyleGenerator
from napari_latent_explain.train.lesions import KINDS

if TYPE_CHECKING:
    from napari_latent_explain.train.config import TrainConfig

_NAMES = tuple(f"{step} {kind}" for step in ("fewer", "more") for kind in KINDS)  # in the order of `LesionPairs.moved`

__all__ = ["Autoencoder", "Drawn", "build_autoencoder"]


class Drawn(NamedTuple):
    """What one pass drew: reconstructions, their W+ codes; counterfactuals of the first few; pictures from noise.

    `moved` holds the attributes of the counterfactuals (those of photographs are 0): (K, attributes).
    """

    ws: Tensor
    pictures: Tensor
    counterfactuals: Tensor
    moved: Tensor
    dreamt: Tensor


class Autoencoder(nn.Module):
    """E and G; `share` is how much of the counterfactuals' gradients reaches the generator (attributes get all)."""

    def __init__(self, generator: StyleGenerator, encoder: FundusEncoder, share: float = 1.0) -> None:
        super().__init__()
        self.share = share
        self.generator = generator
        self.encoder = encoder

    def forward(
        self,
        x: Tensor,
        seen: tuple[Tensor, Tensor],
        change: Tensor,
        kept: Tensor,
        z: Tensor,
        given: Tensor | None = None,
    ) -> Drawn:
        """Draw photographs again.

        Parameters
        ----------
        x, seen : Tensor
            Photographs (N, 3, R, R), and the classifier's features and probabilities of them.
        change, kept : Tensor
            Changes of opinion (K, C): K photographs are also drawn as if the classifier's opinion of them differed by as much,
            with those attributes moved where `kept` (K, attributes) is 1.
        z : Tensor
            Noise (M, z_dim), M <= N: styles drawn from it, on the structure of the last M photographs.
        given : Tensor, optional
            Attributes (P, attributes) of the counterfactuals of the first P photographs; those of the K by `change` follow.
        """
        own, structure = self.encoder.describe(x)
        ws = self.encoder.styles(own, *seen)
        first = 0 if given is None else len(given)
        few, many = first + len(change), len(x) - len(z)
        # What the classifier asks of a counterfactual teaches attributes, their gains, and by `share` the generator: the code
        # of the photograph stays one of a photograph, and the reconstruction is not pulled along. A counterfactual that is
        # known as a picture (`given`) teaches the code too: lesions are then coded so that styles can take them away.
        moved = kept * self.encoder.attributes(own[first:few].detach(), change)
        if given is not None:
            moved = torch.cat([given, moved])
        slowed = {
            name: value if name == "attributes" else self._slowed(value)
            for name, value in self.generator.named_parameters()
        }
        where = torch.cat([self._slowed(structure[:first]), structure[first:few].detach()])
        code = (torch.cat([self._slowed(ws[:first]), ws[first:few].detach()]), moved, where)
        counterfactuals = functional_call(self.generator, slowed, code) if few else x[:0]
        still = ws.new_zeros(len(x), self.generator.config.attributes)
        codes = [self.generator.code(ws, still, structure)]
        if len(z):
            codes.append(self.generator.code(self.generator.map(z), still[many:], structure[many:]))
        pictures, dreamt = self.generator.synthesise(torch.cat(codes)).split([len(x), len(z)])
        return Drawn(ws, pictures, counterfactuals, moved, dreamt)

    def _slowed(self, value: Tensor) -> Tensor:
        """The same value, with `share` of its gradient."""
        return value.detach() + self.share * (value - value.detach())


def build_autoencoder(config: TrainConfig, classes: int) -> Autoencoder:
    """Fresh networks of the configured sizes."""
    recipe = config.stylex
    generator = StyleGenerator(
        GeneratorConfig(
            resolution=config.resolution, channel_base=recipe.channel_base, channel_max=recipe.channel_max,
            w_dim=recipe.w_dim, z_dim=recipe.w_dim, structure_size=recipe.structure_size,
            structure_channels=recipe.structure_channels, structure_constants=recipe.structure_constants,
            first_convolutions=recipe.first_convolutions, components=recipe.components,
            attributes=recipe.attributes, attributes_everywhere=recipe.attributes_everywhere,
            attribute_names=(*_NAMES, *[""] * (recipe.attributes - len(_NAMES))) if recipe.lesion_pairs else (),
        )
    )  # fmt: skip
    encoder = FundusEncoder(
        EncoderConfig(
            input_size=recipe.encoder_size, channels=recipe.encoder_channels, feature_size=recipe.encoder_features,
            style_layers=generator.style_layer_count, w_dim=recipe.w_dim, classes=classes,
            structure_size=recipe.structure_size, structure_channels=recipe.structure_channels,
            context=recipe.encoder_context, attributes=recipe.attributes, taught_range=float(recipe.lesion_pairs > 0),
        )
    )  # fmt: skip
    return Autoencoder(generator, encoder, recipe.counterfactual_share)
