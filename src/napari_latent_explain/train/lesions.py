"""Eyes with more and with fewer of their lesions, from photographs on which experts have outlined them.

Where an expert has outlined exudates or haemorrhages, the fundus beneath can be filled in from around them: the eye as if it
did not have them. What the lesions add to that, scaled, and put into their own or into another eye, gives pairs of pictures of
one eye with more and with less of the disease. They teach the attributes what a change of opinion should look like, and a
classifier that it is the lesions that count.

Lesions that go are those of the eye. Lesions that come have no place that a picture would tell, and asked for everywhere they
become an even haze: so each kind is given as one training eye has it, always the same (`OutlinedLesions.templates`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import torch

from napari_latent_explain.domain import Photograph
from napari_latent_explain.fundus import crop, find_canonical_field, read_photograph
from napari_latent_explain.fundus.outlines import COVERED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.photographs import PhotographSet

__all__ = ["KINDS", "TAUGHT", "LesionPairs", "OutlinedLesions", "lesion_distance", "load_outlined_lesions"]

KINDS = {  # by the last word of the mask's name; a microaneurysm of a pixel or two is a small haemorrhage to the generator
    "hard exudates": ("EX",),
    "cotton-wool spots": ("SE",),
    "haemorrhages and microaneurysms": ("HE", "MA"),
}
TAUGHT = 2 * len(KINDS)  # attributes that pairs teach: each kind of lesion goes and comes
_Pair: TypeAlias = "tuple[int, NDArray[Any], NDArray[Any]]"  # owner, before and after
_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=bool)
_VISIBLE = 0.04  # of [-1, 1]: about 5 grey levels
_ALONE = 0.7  # share of pairs in which one kind of lesion changes, not all
_GIVEN, _NOTHING = 0.3, 0.15  # shares of pairs in which lesions come, and in which there are none to go
_CENTRAL = 0.75  # of the field's radius
_TEMPLATE = 0.8  # quantile, of the eyes that have a kind of lesion, of the one that it is given as


class LesionPairs(NamedTuple):
    """K pictures `before` (K, R, R, 3), what they should become, `after`, the fields' owners, and what is to be moved.

    `owners` (K,) are indices of photographs whose fields hold; `moved` (K, attributes), in [0, 1], the attributes that stand
    for the step: first one for each kind of lesion that takes it away, then one for each kind that gives it.
    """

    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    owners: NDArray[np.int64]
    moved: Tensor


@dataclass(frozen=True, eq=False)
class OutlinedLesions:
    """What outlined lesions add to the fundus beneath them.

    Parameters
    ----------
    owners : numpy.ndarray
        (M,) int64, indices into the training photographs.
    residuals : numpy.ndarray
        (M, K, R, R, 3) int16 in grey levels, one for each kind of lesion, in the order of `KINDS`: photograph less the fundus
        without any; no pixel belongs to two kinds.
    """

    owners: NDArray[np.int64]
    residuals: NDArray[np.int16]

    @cached_property
    def _present(self) -> NDArray[np.bool_]:
        """Which kinds (M, K) a photograph has."""
        return np.asarray(self.residuals.any(axis=(2, 3, 4)))

    @cached_property
    def templates(self) -> NDArray[np.float32]:
        """What each kind of lesion is given as, (K, R, R, 3): that of one eye, at the 0.8 quantile of how much there is of it.

        Only lesions within three quarters of the field's radius count and are given: further out the light differs from eye to
        eye, and what a lesion adds there looks wrong in another one.
        """
        axis = (np.arange(self.residuals.shape[2]) + 0.5) * 2 / self.residuals.shape[2] - 1
        central = np.hypot(axis[:, None], axis[None]) <= _CENTRAL
        amount = np.abs(self.residuals.astype(np.int32)).sum(axis=-1)[:, :, central].sum(axis=-1)
        found = np.zeros(self.residuals.shape[1:], dtype=np.float32)
        for kind in range(len(found)):
            order = np.argsort(amount[:, kind], kind="stable")
            order = order[amount[order, kind] > 0]
            if len(order):
                found[kind] = self.residuals[order[int(_TEMPLATE * (len(order) - 1))], kind]
        found[:, ~central] = 0
        return found

    def draw(self, photographs: PhotographSet, count: int, attributes: int, rng: np.random.Generator) -> LesionPairs:
        """Draw `count` pairs: one kind or all kinds of lesions go, in their own or in another eye, or come; or nothing is there
        to go, and nothing may.
        """
        healthy = np.flatnonzero(photographs.labels == 0)
        moved = np.zeros((count, attributes), dtype=np.float32)
        before, after, owners = [], [], []
        for row in range(count):
            drawn = rng.random()
            if drawn < _GIVEN:
                pair = self._given(photographs, healthy, moved[row], rng)
            elif drawn < _GIVEN + _NOTHING and len(healthy):
                owner = int(rng.choice(healthy))
                chosen = rng.random(len(KINDS)) < 0.5
                moved[row, : len(KINDS)] = chosen * rng.uniform(0.3, 1.0)
                pair = owner, photographs.pictures[owner], photographs.pictures[owner]
            else:
                pair = self._gone(photographs, healthy, moved[row], rng)
            owners.append(pair[0])
            before.append(pair[1])
            after.append(pair[2])
        pictures = np.clip(np.stack(before + after), 0, 255).round().astype(np.uint8)
        return LesionPairs(
            pictures[:count], pictures[count:], np.array(owners, dtype=np.int64), torch.from_numpy(moved)
        )

    def _gone(
        self,
        photographs: PhotographSet,
        healthy: NDArray[np.int64],
        moved: NDArray[np.float32],
        rng: np.random.Generator,
    ) -> _Pair:
        """An eye that has lesions, its own or another's, and loses a share of them."""
        donor = int(rng.integers(len(self.owners)))
        kinds = np.flatnonzero(self._present[donor])
        absent = np.setdiff1d(np.arange(len(KINDS)), kinds)
        if rng.random() < _ALONE:
            kinds = rng.choice(kinds, 1)
        added = self.residuals[donor, kinds].astype(np.float32).sum(axis=0)
        if rng.random() < 0.5 or not len(healthy):
            owner = int(self.owners[donor])
            fundus = photographs.pictures[owner] - added
        else:
            owner = int(rng.choice(healthy))
            fundus = photographs.pictures[owner].astype(np.float32)
            added = added * photographs.masks[owner][..., None]
        there, share = rng.uniform(0.7, 1.1), _share(rng)
        moved[kinds] = share
        moved[absent[rng.random(len(absent)) < 0.5]] = share  # asking for what is not there changes nothing
        return owner, fundus + there * added, fundus + there * (1 - share) * added

    def _given(
        self,
        photographs: PhotographSet,
        healthy: NDArray[np.int64],
        moved: NDArray[np.float32],
        rng: np.random.Generator,
    ) -> _Pair:
        """An eye, mostly a healthy one, that is given lesions."""
        everyone = np.arange(len(photographs))
        owner = int(rng.choice(healthy if len(healthy) and rng.random() < 0.7 else everyone))
        kinds = np.array([rng.integers(len(KINDS))]) if rng.random() < _ALONE else np.arange(len(KINDS))
        share = _share(rng)
        moved[len(KINDS) + kinds] = share
        picture = photographs.pictures[owner].astype(np.float32)
        added = self.templates[kinds].sum(axis=0) * photographs.masks[owner][..., None]
        return owner, picture, picture + share * added

    def labelled(
        self, photographs: PhotographSet, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Draw `count` eyes for a classifier: every other one has lost all its lesions (0), the rest were given some (1).

        Returns
        -------
        pictures, labels
            (count, R, R, 3) and (count,). Lesions are given to eyes of label 0, by donors with more than the least of them.
        """
        healthy = np.flatnonzero(photographs.labels == 0)
        amount = np.abs(self.residuals.astype(np.int32)).sum(axis=(1, 2, 3, 4))
        rich = np.flatnonzero(amount >= np.quantile(amount, 0.25))
        pictures, labels = [], []
        for row in range(count):
            if row % 2 == 0 or not len(healthy):
                donor = int(rng.integers(len(self.owners)))
                picture = photographs.pictures[self.owners[donor]] - self.residuals[donor].astype(np.float32).sum(
                    axis=0
                )
                labels.append(0)
            else:
                donor, owner = int(rng.choice(rich)), int(rng.choice(healthy))
                added = self.residuals[donor].astype(np.float32).sum(axis=0) * photographs.masks[owner][..., None]
                picture = photographs.pictures[owner] + rng.uniform(0.7, 1.1) * added
                labels.append(1)
            pictures.append(picture)
        return np.clip(np.stack(pictures), 0, 255).round().astype(np.uint8), np.array(labels, dtype=np.int64)


def _share(rng: np.random.Generator) -> float:
    """How much of a step is made: mostly all of it."""
    return 1.0 if rng.random() < 0.7 else float(rng.uniform(0.3, 0.9))


def lesion_distance(made: Tensor, asked: Tensor, mask: Tensor, detail: Tensor, rest: float = 1.0) -> Tensor:
    """How far the differences that were made are from those asked for, (K, 3, R, R) in [-2, 2] in fields (K, 1, R, R): a scalar.

    Mean absolute error where a lesion should come or go, plus `rest` times that everywhere else, weighted by `detail`
    (K, 1, R, R); and the same of the errors' horizontal and vertical finite differences, which keep edges sharp. Lesions are a
    hundredth of the fundus, and on average over all of it making no difference at all would be a good answer; vessels and
    disc, which look most like them, are a small part of the rest.
    """
    lesion = (asked.abs().amax(dim=1, keepdim=True) > _VISIBLE) * mask
    elsewhere = (mask - lesion) * detail
    weight = lesion / lesion.sum().clamp_min(1) + rest * elsewhere / elsewhere.sum().clamp_min(1)
    error = made - asked
    total = (error.abs().mean(dim=1, keepdim=True) * weight).sum()
    for dim in (2, 3):
        inside = weight.narrow(dim, 1, weight.shape[dim] - 1)
        total = total + (error.diff(dim=dim).abs().mean(dim=1, keepdim=True) * inside).sum()
    return total


def _filled(picture: NDArray[np.uint8], outlined: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The picture with what is outlined filled in from around it, in grey levels."""
    from skimage.restoration import inpaint_biharmonic

    if not outlined.any():
        return picture.astype(np.float32)
    filled = inpaint_biharmonic(picture / 255.0, outlined, split_into_regions=True, channel_axis=-1)
    result: NDArray[np.float32] = (255 * np.clip(filled, 0, 1)).astype(np.float32)
    return result


def _coverage(folder: Path, masks: list[str], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The greatest of several masks, as a grey picture (H, W, 3)."""
    from PIL import Image

    total = np.zeros(size, dtype=np.uint8)
    for name in masks:
        with Image.open(folder / name) as image:
            total = np.maximum(total, np.asarray(image.convert("L")))
    return np.repeat(total[..., None], 3, axis=-1)


def _by_kind(coverage: NDArray[np.uint8], inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Coverage (K, R, R) to where each kind lies, a pixel wider, each pixel with the kind that covers most of it."""
    from scipy.ndimage import grey_dilation

    wide = np.stack([grey_dilation(one, footprint=_CROSS) for one in coverage])
    kind = wide.argmax(axis=0)
    outlined: NDArray[np.bool_] = (wide > 255 * COVERED) & inside & (kind == np.arange(len(wide))[:, None, None])
    return outlined


def load_outlined_lesions(folder: Path, photographs: PhotographSet, progress: Progress) -> OutlinedLesions:
    """Read the outlines that the manifest names for these photographs, and fill in the fundus beneath them.

    Parameters
    ----------
    folder : pathlib.Path
        The data folder; its manifest's column ``masks`` names files ``..._EX.png`` and so on, 0..255 pixel coverage.
    photographs : PhotographSet
        The training photographs. Those without an outlined lesion are left out.
    progress : Progress
        Told once a photograph.
    """
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as stream:
        named = {row["file"]: [m for m in (row.get("masks") or "").split(";") if m] for row in csv.DictReader(stream)}
    resolution = photographs.pictures.shape[1]
    owners, residuals = [], []
    for index, file in enumerate(photographs.files):
        progress("Reading outlined lesions", index / len(photographs))
        groups = [
            [m for m in named.get(file, []) if m.rsplit("_", 1)[-1].split(".")[0] in ends] for ends in KINDS.values()
        ]
        if not any(groups):
            continue
        photograph = read_photograph(folder / file)
        field = find_canonical_field(photograph)
        size = (photograph.height, photograph.width)
        grey = [Photograph(_coverage(folder, group, size), "outline", "") for group in groups]
        outlined = _by_kind(np.stack([crop(one, field, resolution)[..., 0] for one in grey]), photographs.masks[index])
        picture = photographs.pictures[index]
        added = np.rint(picture - _filled(picture, np.asarray(outlined.any(axis=0)))).astype(np.int16)
        if added.any():
            owners.append(index)
            residuals.append(added * outlined[..., None])
    shape = (0, len(KINDS), resolution, resolution, 3)
    return OutlinedLesions(
        np.array(owners, dtype=np.int64), np.stack(residuals) if residuals else np.zeros(shape, np.int16)
    )
