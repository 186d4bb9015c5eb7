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
from napari_latent_explain.train.lesions import KINDS, TAUGHT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_latent_explain.train.config import TrainConfig
    from napari_latent_explain.train.lesions import OutlinedLesions
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["Batch", "BatchSource"]

_AHEAD = 8  # steps


class Batch(NamedTuple):
    """Photographs `x` (N, 3, R, R) in [-1, 1], black outside their fields `mask` (N, 1, R, R) of 0 and 1, and noise `z`.

    Lesion pairs stand first: `after` (K, 3, R, R) is what they ask for, by moving the attributes `moved` (K, attributes).
    `generator` is further randomness of this step.
    """

    x: Tensor
    mask: Tensor
    z: Tensor
    after: Tensor
    moved: Tensor
    generator: torch.Generator


class _Chosen(NamedTuple):
    """What a batch is made of, as bytes: pictures (N + K, R, R, 3), the last K of them what pairs ask for, and fields."""

    pictures: NDArray[np.uint8]
    masks: NDArray[np.bool_]
    moved: Tensor
    mirrored: Tensor
    generator: torch.Generator


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
    device : torch.device
        Where batches are made of what was chosen.
    rank : int
        Of this process among several: each draws other photographs.
    threads : int
        So many batches are chosen beside the step that is going on; 0: each when it is asked for.
    """

    def __init__(
        self, config: TrainConfig, data: PhotographSet, lesions: OutlinedLesions | None, device: torch.device | None = None,
        *, rank: int = 0, threads: int = 0,
    ) -> None:  # fmt: skip
        self._config, self._data, self._lesions, self._rank = config, data, lesions, rank
        self._device = device if device is not None else torch.device("cpu")
        self._pool = ThreadPoolExecutor(threads) if threads else None
        self._chosen: dict[tuple[int, int], Future[_Chosen]] = {}
        if lesions is not None:
            _ = lesions.templates  # found once, not by each thread

    def take(self, step: int, pairs: int, next_pairs: int | None = None) -> Batch:
        """Return the batch of a step, the first `pairs` photographs of it lesion pairs; those of the next steps are begun."""
        if self._pool is None:
            return self._made(self._choose(step, pairs))
        following = pairs if next_pairs is None else next_pairs
        wanted = [(step, pairs), *((step + k, following) for k in range(1, _AHEAD))]
        self._chosen = {key: future for key, future in self._chosen.items() if key in wanted}
        for key in wanted:
            if key not in self._chosen:
                self._chosen[key] = self._pool.submit(self._choose, *key)
        return self._made(self._chosen.pop((step, pairs)).result())

    def close(self) -> None:
        """Stop drawing ahead."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _choose(self, step: int, few: int) -> _Chosen:
        recipe, data = self._config.stylex, self._data
        rng = np.random.default_rng([self._config.seed, step, self._rank])
        generator = torch.Generator().manual_seed(int(rng.integers(2**62)))
        chosen = rng.choice(len(data), recipe.batch, replace=len(data) < recipe.batch)
        mirrored = torch.from_numpy(rng.random(recipe.batch) < recipe.mirrored)
        if not few or self._lesions is None:
            moved = torch.zeros(0, recipe.attributes)
            return _Chosen(data.pictures[chosen], data.masks[chosen], moved, mirrored, generator)
        pairs = self._lesions.draw(data, few, recipe.attributes, rng)
        chosen = np.concatenate([pairs.owners, chosen[few:]])
        mirrored[:few] &= ~pairs.moved[:, len(KINDS) : TAUGHT].any(dim=1)  # lesions come where they always do
        pictures = np.concatenate([pairs.before, data.pictures[chosen[few:]], pairs.after])
        return _Chosen(pictures, data.masks[chosen], pairs.moved, mirrored, generator)

    def _made(self, chosen: _Chosen) -> Batch:
        recipe, generator, device = self._config.stylex, chosen.generator, self._device
        few, count = len(chosen.moved), recipe.batch
        pictures, mask = to_tensor(chosen.pictures, device), mask_tensor(chosen.masks, device) * 2 - 1
        # What is asked of a pair is treated as its picture is.
        rows = torch.cat([torch.arange(count), torch.arange(few)])
        both = torch.cat([pictures, mask[rows]], dim=1)
        if bool(chosen.mirrored.any()):  # top to bottom: the disc stays on its side
            both = torch.where(chosen.mirrored[rows, None, None, None].to(device), both.flip(-2), both)
        if recipe.turn_degrees or recipe.zoom:  # never with pairs
            both = jitter(both, generator, degrees=recipe.turn_degrees, zoom=recipe.zoom)
        if (excess := both.shape[-1] // self._config.resolution) > 1:  # turned at full detail, then halved: stays sharp
            both = functional.avg_pool2d(both, excess)
        z = torch.randn(recipe.noise_batch, recipe.w_dim, generator=generator).to(device)
        x, mask = both[:, :3], (both[:, 3:] > 0).float()
        if recipe.tone:
            tones = recipe.tone * (torch.rand(count, 2, generator=generator) * 2 - 1)
            x = toned(x, tones[rows].to(device))
        x = x * mask - (1 - mask)
        return Batch(x[:count], mask[:count], z, x[count:], chosen.moved.to(device), generator)
