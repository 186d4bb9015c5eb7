"""What one step of a training looks at, drawn from the seed and the number of the step, if need be some steps ahead."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from napari_latent_explain.latent import mask_tensor, to_tensor
from napari_latent_explain.train.augment import jitter, toned
from napari_latent_explain.train.lesions import KINDS

if TYPE_CHECKING:
    from typing import Self

    from napari_latent_explain.train.config import TrainConfig
    from napari_latent_explain.train.lesions import LesionPairs, OutlinedLesions
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["Batch", "BatchSource"]

_AHEAD = 8  # steps


class Batch(NamedTuple):
    """Photographs `x` (N, 3, R, R) in [-1, 1], black outside their fields `mask` (N, 1, R, R) of 0 and 1, and noise `z`.

    Lesion pairs stand first: `pairs` says what they ask for. `tones` (N, 2) are changes of brightness and contrast, still to
    be made (`lit`); `generator` is further randomness of this step.
    """

    x: Tensor
    mask: Tensor
    z: Tensor
    pairs: LesionPairs | None
    tones: Tensor
    generator: torch.Generator

    def lit(self, device: torch.device) -> Self:
        """On a device, with brightness and contrast changed."""
        x, mask, tones = self.x.to(device), self.mask.to(device), self.tones.to(device)
        pairs = self.pairs
        if pairs is not None:
            first = slice(0, len(pairs.after))
            after = toned(pairs.after.to(device), tones[first]) * mask[first] - (1 - mask[first])
            pairs = pairs._replace(before=pairs.before, after=after, moved=pairs.moved.to(device))
        return self._replace(
            x=toned(x, tones) * mask - (1 - mask), mask=mask, z=self.z.to(device), pairs=pairs, tones=tones
        )


class BatchSource:
    """The batches of a training.

    Parameters
    ----------
    config : TrainConfig
        Its recipe says how many photographs, how they are turned, mirrored and lit, and how many are lesion pairs.
    data : PhotographSet
        The training photographs.
    lesions : OutlinedLesions or None
        What pairs are made of.
    rank : int
        Of this process among several: each draws other photographs.
    threads : int
        So many batches are drawn beside the step that is going on; 0: each when it is asked for.
    """

    def __init__(
        self,
        config: TrainConfig,
        data: PhotographSet,
        lesions: OutlinedLesions | None,
        *,
        rank: int = 0,
        threads: int = 0,
    ) -> None:
        self._config, self._data, self._lesions, self._rank = config, data, lesions, rank
        self._pool = ThreadPoolExecutor(threads) if threads else None
        self._drawn: dict[tuple[int, int], Future[Batch]] = {}
        if lesions is not None:
            _ = lesions.templates  # found once, not by each thread

    def take(self, step: int, pairs: int, next_pairs: int | None = None) -> Batch:
        """Return the batch of a step with so many lesion pairs; those of the next steps, as many pairs each, are begun."""
        if self._pool is None:
            return self.draw(step, pairs)
        following = pairs if next_pairs is None else next_pairs
        wanted = [(step, pairs), *((step + k, following) for k in range(1, _AHEAD))]
        self._drawn = {key: future for key, future in self._drawn.items() if key in wanted}
        for key in wanted:
            if key not in self._drawn:
                self._drawn[key] = self._pool.submit(self.draw, *key)
        return self._drawn.pop((step, pairs)).result()

    def close(self) -> None:
        """Stop drawing ahead."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def draw(self, step: int, few: int) -> Batch:
        """Draw the batch of a step, the first `few` photographs of it lesion pairs."""
        recipe, data = self._config.stylex, self._data
        rng = np.random.default_rng([self._config.seed, step, self._rank])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = rng.choice(len(data), recipe.batch, replace=len(data) < recipe.batch)
        x = to_tensor(data.pictures[chosen])
        pairs = None
        mirrored = torch.from_numpy(rng.random(recipe.batch) < recipe.mirrored)
        if few and self._lesions is not None:
            pairs = self._lesions.draw(data, few, recipe.attributes, rng)
            x = torch.cat([pairs.before, x[few:]])
            chosen = np.concatenate([pairs.owners, chosen[few:]])
            mirrored[:few] &= ~pairs.moved[:, len(KINDS) : 2 * len(KINDS)].any(dim=1)  # those come where they always do
            pairs = pairs._replace(after=_upside_down(pairs.after, mirrored[:few]))
        mask = mask_tensor(data.masks[chosen]) * 2 - 1
        both = _upside_down(torch.cat([x, mask], dim=1), mirrored)
        if recipe.turn_degrees or recipe.zoom:
            both = jitter(both, generator, degrees=recipe.turn_degrees, zoom=recipe.zoom)
        if (excess := both.shape[-1] // self._config.resolution) > 1:  # turned at full detail, then halved: stays sharp
            both = functional.avg_pool2d(both, excess)
        z = torch.randn(recipe.noise_batch, recipe.w_dim, generator=generator)
        tones = recipe.tone * (torch.rand(recipe.batch, 2, generator=generator) * 2 - 1)
        return Batch(both[:, :3], (both[:, 3:] > 0).float(), z, pairs, tones, generator)


def _upside_down(x: Tensor, chosen: Tensor) -> Tensor:
    """The chosen pictures mirrored top to bottom: the disc stays on its side."""
    return torch.where(chosen[:, None, None, None], x.flip(-2), x) if bool(chosen.any()) else x
