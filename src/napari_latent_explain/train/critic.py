"""A discriminator of composites that learns beside what makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_latent_explain.train.checkpoint import optimizer_tensors, restore_optimizer
from napari_latent_explain.train.discriminator import ProjectedDiscriminator, hinge_loss

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

__all__ = ["Critic"]

_RATE = 1e-3


class Critic:
    """Tells photographs of a class from composites that should be of it, by feature maps; hinge loss.

    Parameters
    ----------
    channels : sequence of int
        Of the maps.
    classes : int
        Of the classifier.
    device : torch.device
        Where the maps are.
    """

    def __init__(self, channels: Sequence[int], classes: int, device: torch.device) -> None:
        self.network = ProjectedDiscriminator(channels, classes).to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=_RATE, betas=(0.5, 0.99))

    def praise(self, maps: list[Tensor], wanted: Tensor) -> Tensor:
        """How much composites look like photographs of probabilities `wanted` (N, C): a scalar, to be learned from."""
        self.network.requires_grad_(False)
        score: Tensor = self.network(maps, wanted).mean()
        self.network.requires_grad_(True)
        return score

    def learn(self, real: list[Tensor], theirs: Tensor, made: list[Tensor], wanted: Tensor) -> None:
        """Take one step: real maps are of photographs with probabilities `theirs` (N, C).

        A photograph with another class's probabilities counts as false too, so that the class is looked at.
        """
        false = [torch.cat([m.detach(), r]) for m, r in zip(made, real, strict=True)]
        loss = hinge_loss(self.network(real, theirs), self.network(false, torch.cat([wanted, wanted])))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds."""
        state = {f"critic.{name}": value for name, value in self.network.state_dict().items()}
        return state | optimizer_tensors(self.optimizer, "critic_optimizer")

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        self.network.load_state_dict({name: tensors[f"critic.{name}"] for name in self.network.state_dict()})
        restore_optimizer(self.optimizer, tensors, "critic_optimizer")
