"""Is what is found what was planted? Directions and codes measured on eyes whose every cause is known.

A generator of simulated eyes has its encoder; a reader, fitted to eyes with known factors, says what each picture shows. Then

- disentanglement and completeness of Z, W (here W+, a vector for each layer), S and, where the generator has them, its
  components (`disentanglement`), on eyes drawn from Z;
- classifiers whose labels follow two to four factors, and discovery on encoded eyes that they have not seen: of the k best
  directions, how many change a factor that the label follows more than any other (precision), and how many of those factors
  are found (recall). k is the number of those factors: with one direction for each there are no others to be found. The same
  for the ten best, in which at least six have to be wrong if no two directions say the same.

Reader and classifiers are fitted to eyes as they are and as the generator draws them again, or they would take the generator's
own marks for factors. Factors that can't be read off redrawn eyes take no part: nothing could be said of them. In the measures
of Z, W and S neither do those that hardly vary among eyes drawn from Z.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from napari_latent_explain.domain import TrainingError, portion, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.latent import to_tensor
from napari_latent_explain.model.explainer import StyleStatistics
from napari_latent_explain.train.disentanglement import Disentanglement, measure_disentanglement
from napari_latent_explain.train.factor_reading import HELD_OUT, fit_factor_reader
from napari_latent_explain.train.perception import ImageNetFeatures
from napari_latent_explain.train.planted_causes import PlantedCause, PlantedClassifier, plant_and_find
from napari_latent_explain.train.redrawn_eyes import RedrawnEyes, draw_codes
from napari_latent_explain.train.simulated_eyes import FACTORS, draw_simulated_eyes

if TYPE_CHECKING:
    from napari_latent_explain.domain import Progress
    from napari_latent_explain.train.simulated_generator import SimulatedGenerator

__all__ = ["GroundTruth", "GroundTruthSettings", "benchmark_ground_truth"]

_READABLE = 0.6  # least R^2 of a reading on held-out eyes, redrawn
_DRAWN = 0.35  # least standard deviation of a reading over eyes drawn from Z, in those of the simulated ones
_Z_SIZE = 64


class GroundTruthSettings(FrozenModel):
    """How large the benchmark is.

    Parameters
    ----------
    eyes : int
        Simulated eyes that readers and classifiers are fitted to.
    drawn : int
        Eyes drawn from Z for the measures of Z, W and S.
    classifiers : int
        Sets of two to four factors that a label follows.
    reference : int
        Encoded eyes that discovery sees, two thirds of them to choose on; of the quarter that nothing was fitted to.
    listed : int
        Directions that are looked at, best first; those that count most are as many as there are causes.
    """

    eyes: int = 2400
    drawn: int = 3000
    classifiers: int = 8
    reference: int = 120
    listed: int = 10


class GroundTruth(FrozenModel):
    """What came of it: means over the classifiers, and everything behind them."""

    precision_at_k: float
    recall_at_k: float
    precision_listed: float
    recall_listed: float
    listed: int
    dci: dict[str, Disentanglement]
    factors: dict[str, dict[str, float]]
    planted: tuple[PlantedCause, ...]


def _from_noise(model: SimulatedGenerator, known: Tensor, count: int, noise: torch.Generator) -> dict[str, Tensor]:
    """Draw z (N, Z_SIZE), and what becomes of it: w (N, L * w_dim) and s (N, `styles_count`).

    Z is a Gaussian fitted to the W+ codes (M, L, w_dim) of known eyes: their whitened principal components (the ex-post density
    estimation of Ghosh et al., ICLR 2020). The training's own mapping network is not used: the encoder never goes through it,
    and what it draws is unlike any eye.
    """
    flat = known.flatten(1)
    mean = flat.mean(dim=0)
    _, spread, axes = torch.linalg.svd(flat - mean, full_matrices=False)
    size = min(_Z_SIZE, len(spread))
    z = torch.randn(count, size, generator=noise)
    w = mean + z * spread[:size] / len(flat) ** 0.5 @ axes[:size]
    return {"z": z, "w": w, "s": model.generator.styles(w.view(-1, *known.shape[1:]))}


def benchmark_ground_truth(
    model: SimulatedGenerator,
    seed: int = 0,
    settings: GroundTruthSettings | None = None,
    *,
    progress: Progress = silent,
) -> GroundTruth:
    """Measure directions and codes against known causes.

    Parameters
    ----------
    model : SimulatedGenerator
        Of simulated eyes, without a structure code.
    seed : int
        Of eyes, codes and choices.
    settings : GroundTruthSettings, optional
        How large.
    progress : Progress
        May raise `Cancelled`.

    Raises
    ------
    TrainingError
        If fewer than four factors can be read off redrawn eyes, or vary among eyes drawn from Z.

    Notes
    -----
    Cost: for each classifier one discovery (about 4,000 forward passes of the small generator).
    """
    settings = settings or GroundTruthSettings()
    generator = model.generator
    rng, noise = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    eyes = draw_simulated_eyes(
        settings.eyes, generator.config.resolution, seed + 1, portion(progress, 0.0, 0.15)
    )  # not the seed of the training
    mask = torch.from_numpy(eyes.photographs.masks[:1, None]).float()
    x = to_tensor(eyes.photographs.pictures)
    known = int(len(eyes) * (1 - HELD_OUT))
    ws = torch.cat([model.encode(part) for part in x.split(64)])
    codes = model.codes(ws)
    redrawn = draw_codes(generator, codes, mask)
    progress("Reading factors", 0.15)
    reader = fit_factor_reader(eyes, redrawn)
    counted = np.flatnonzero(reader.determination >= _READABLE)
    drawn = _from_noise(model, ws[:known], settings.drawn, noise)
    drawn_codes = model.codes(drawn["w"].view(-1, *ws.shape[1:]))
    read = reader(draw_codes(generator, drawn_codes, mask))
    varied = read.std(axis=0)
    measured = counted[varied[counted] >= _DRAWN]
    if min(len(counted), len(measured)) < 4:
        msg = f"Only {len(counted)} factors can be read and only {len(measured)} of them vary; train the generator for longer."
        raise TrainingError(msg)
    field = RedrawnEyes(generator, StyleStatistics.of(codes[:known]), mask, reader, counted, codes, known)
    progress("Measuring Z, W and S", 0.25)
    if count := generator.config.components:
        drawn["components"] = drawn_codes[:, generator.styles_count : generator.styles_count + count]
    dci = {
        name: measure_disentanglement(space.double().numpy(), read[:, measured], seed) for name, space in drawn.items()
    }
    progress("Training classifiers", 0.45)
    features = ImageNetFeatures()
    blank = PlantedClassifier(features)
    with torch.no_grad():
        plain, again = (torch.cat([blank.features(part) for part in pictures.split(32)]) for pictures in (x, redrawn))
    planted = []
    for number in range(settings.classifiers):
        begin = 0.5 + 0.5 * number / settings.classifiers
        told = portion(progress, begin, begin + 0.5 / settings.classifiers)
        planted.append(
            plant_and_find(field, eyes, features, (plain, again), settings.reference, settings.listed, rng, told)
        )
    return GroundTruth(
        precision_at_k=float(np.mean([one.precision for one in planted])),
        recall_at_k=float(np.mean([one.recall for one in planted])),
        precision_listed=float(np.mean([one.precision_listed for one in planted])),
        recall_listed=float(np.mean([one.recall_listed for one in planted])),
        listed=settings.listed, dci=dci, planted=tuple(planted),
        factors={
            name: {"read": float(reader.determination[i]), "drawn": float(varied[i]), "counted": float(i in counted)}
            for i, name in enumerate(FACTORS)
        },
    )  # fmt: skip
