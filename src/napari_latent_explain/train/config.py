"""What a training run is told: a TOML file and overrides."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, ValidationError, model_validator

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.train.answers import AnswersRecipe
from napari_latent_explain.train.lesions import TAUGHT

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["ClassifierRecipe", "DataRecipe", "StylexRecipe", "TrainConfig", "read_config"]


class DataRecipe(FrozenModel):
    """Which photographs: a folder with ``manifest.csv`` (columns as in its README), and what to hold back."""

    folder: str = ""
    validation_share: float = 0.15
    seed: int = 0


class ClassifierRecipe(FrozenModel):
    """Transfer learning of the classifier.

    First a logistic regression (L2 `penalty`) on pooled ImageNet features of `copies` copies of each photograph (itself, its
    mirror image, the rest changed a little), then `epochs` of gentle fine-tuning of the whole network at `rate`, in `runs` runs
    whose weights are averaged; 0 epochs keep the ImageNet network as it is, which with a few hundred photographs ranks eyes it
    has not seen no worse. With `adversary` above 0 fine-tuning disturbs the pictures (noise, blur) and moves them by up to that
    much, in the L2 norm of [-1, 1], towards what the network mistakes: it then takes more than a faint pattern to change its
    mind. `lesion_share` of what is learned from are eyes whose outlined lesions were taken away, or healthy ones that were
    given some (`train.lesions`): the more, the more the decision follows lesions, and the less other signs of disease. A share
    of `cameras` each is blurred, compressed as JPEG, given a smaller field, given a notch: none should count. With `texture` the
    last layer sees standard deviations of shallow maps too (`model.classifier`).
    """

    input_size: int = 128
    texture: bool = False
    copies: int = 4
    penalty: float = 2e-2
    epochs: int = 3
    runs: Annotated[int, Field(ge=1)] = 1
    adversary: float = 0.0
    lesion_share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    cameras: Annotated[float, Field(ge=0, le=1)] = 0.0
    batch: int = 16
    rate: float = 3e-5
    weight_decay: float = 1e-2
    label_smoothing: float = 0.05


class StylexRecipe(FrozenModel):
    """The generator and encoder: sizes, steps, rates, weights of the loss terms, and how often to save and show.

    Photographs are turned by up to `turn_degrees` and zoomed by up to `zoom` at `oversampling` times the resolution, then
    averaged down, so that what the generator is taught stays sharp; 0 and 0 leave them as they are, which teaches fastest.
    A share of `mirrored` is mirrored top to bottom, and brightness and contrast change by up to `tone`.
    The classifier and latent terms begin at step `agreement_from`. `minutes` ends the run early after that much wall time
    (0: never). With `structure_size` the generator starts from a spatial code of that side instead of a constant, and from
    `structure_constants` learned maps beside it. With `components` so many independent components of the photographs' styles
    become coordinates of the bundle (`model.style_components`); without a structure code, where styles say everything, they
    are the clearest directions.
    `counterfactuals` photographs of each batch, up to step `counterfactuals_until` (0: to the end), are also drawn as if the
    classifier had another opinion of them, by moving `attributes` (each acts at one resolution, or with
    `attributes_everywhere` at all); `flip`, `closeness` and `sparsity` weigh what is asked of those, and
    `counterfactual_share` of it teaches the generator too. `lesion_pairs` of them are eyes with more and with fewer of their
    outlined lesions (`train.lesions`), for which the picture that is asked for is known; `lesions` weighs that term, in which
    all that should stay counts `lesion_rest` times as much as the lesions, and `counterfactual_share` of it teaches the code
    of the photograph too. `encoder_features` is 1280, or 0 to keep the
    classifier's pooled features from the encoder, so that its opinion enters by its probabilities alone; `encoder_context` are
    the channels of its way back up to the structure code (`model.encoder`). `start_from` names
    a bundle whose generator and encoder weights are taken over where names and shapes fit (to go on, or to double the
    resolution).
    """

    channel_base: int = 4096
    channel_max: int = 192
    w_dim: int = 128
    structure_size: int = 0
    structure_channels: int = 0
    structure_constants: int = 0
    first_convolutions: int = 1
    components: Annotated[int, Field(ge=0, le=64)] = 0
    attributes: int = 0
    attributes_everywhere: bool = False
    encoder_size: int = 128
    encoder_channels: tuple[int, ...] = (32, 64, 128, 192, 192)
    encoder_features: int = 1280
    encoder_context: int = 0
    steps: int = 4000
    minutes: float = 0.0
    batch: int = 16
    oversampling: int = 2
    turn_degrees: float = 8.0
    zoom: float = 0.04
    mirrored: Annotated[float, Field(ge=0, le=1)] = 0.0
    tone: Annotated[float, Field(ge=0, lt=1)] = 0.0
    noise_batch: int = 2
    generator_rate: float = 2e-3
    encoder_rate: float = 3e-4
    discriminator_rate: float = 1e-3
    final_share: float = 0.3
    final_factor: float = 0.25
    l1: float = 5.0
    gradient: float = 5.0
    perceptual: float = 0.3
    adversarial: float = 0.02
    adversarial_from: int = 150
    classifier: float = 0.3
    classifier_every: int = 2
    latent: float = 0.1
    latent_every: int = 8
    agreement_from: int = 0
    counterfactuals: int = 0
    counterfactual_share: float = 1.0
    counterfactuals_until: int = 0
    lesion_pairs: int = 0
    lesions: float = 10.0
    lesion_rest: float = 1.0
    flip: float = 1.0
    closeness: float = 1.0
    sparsity: float = 0.05
    detail: float = 1.0
    ema: float = 0.995
    save_every: int = 100
    show_every: int = 100
    start_from: str = ""

    @model_validator(mode="after")
    def _counterfactuals_move_attributes(self) -> Self:
        if self.counterfactuals and not self.attributes:
            msg = "counterfactuals are made by moving attributes; set attributes to 10, or counterfactuals to 0"
            raise ValueError(msg)
        if self.lesion_pairs and self.attributes < TAUGHT:
            msg = f"lesion pairs teach {TAUGHT} attributes, one for each kind of lesion to go and to come; set attributes to that"
            raise ValueError(msg)
        if self.lesion_pairs and (self.turn_degrees or self.zoom or self.oversampling != 1):
            msg = "lesion pairs lie where the photographs do; set turn_degrees and zoom to 0 and oversampling to 1"
            raise ValueError(msg)
        return self


class TrainConfig(FrozenModel):
    """One training run; with `answers`, attributes that its classifier teaches come last (`train.answers`)."""

    name: str = "referable_dr"
    title: str = "Referable diabetic retinopathy"
    resolution: int = 128
    seed: int = 0
    device: str = "auto"
    devices: int = 1
    precision: str = "32-true"
    data: DataRecipe = DataRecipe()
    classifier: ClassifierRecipe = ClassifierRecipe()
    stylex: StylexRecipe = StylexRecipe()
    answers: AnswersRecipe | None = None


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def read_config(path: Path, overrides: list[str] | None = None) -> TrainConfig:
    """Read a TOML file; each override is ``key=value`` with dots for nesting (``stylex.steps=100``).

    Raises
    ------
    TrainingError
        If the file is missing or not TOML, or a key or a value is wrong.
    """
    try:
        tree: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"The configuration {path} can't be read ({error.strerror}); name an existing TOML file."
        raise TrainingError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"The configuration {path} is not TOML: {error}."
        raise TrainingError(msg) from error
    for override in overrides or []:
        key, found, text = override.partition("=")
        if not found:
            msg = f"The override '{override}' has no '='; write for example stylex.steps=100."
            raise TrainingError(msg)
        *parents, last = key.strip().split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
            if not isinstance(branch, dict):
                msg = f"The override '{override}' goes through '{parent}', which is a value."
                raise TrainingError(msg)
        branch[last] = _value(text.strip())
    try:
        return TrainConfig.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        msg = f"The configuration {path} has a wrong entry at '{where}': {first['msg']}."
        raise TrainingError(msg) from error
