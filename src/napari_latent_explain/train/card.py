"""The model card: what a bundle is, was made from, scored, and can't show."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_latent_explain.domain import DirectionAtlas
    from napari_latent_explain.model.bundle import BundleMetadata

__all__ = ["model_card"]


def _table(scores: dict[str, dict[str, dict[str, float]]]) -> str:
    rows = ["| photographs | group | measure | value |", "|---|---|---|---|"]
    for split, groups in scores.items():
        for group, values in groups.items():
            rows += [f"| {split} | {group} | {name} | {value:.4g} |" for name, value in values.items()]
    return "\n".join(rows)


_TAUGHT_BY_CLASSIFIER = """
- What else would convince the classifier: the directions named `attributes` that bear no other name were trained to change its
  opinion, all at once and in parts, so that they are answers that the training found, not a list of all that it looks at."""
_TAUGHT_BY_LESIONS = """
- What else the classifier looks at: the directions that bear the name of a lesion were taught, from eyes whose lesions experts
  had outlined, to take that kind away, or to give it. That the classifier follows them is measured; the other directions are
  there to show what more it follows, as far as they do. What is taken away may be more than the name says where vessels or the
  disc look like a lesion."""
_IN_ONE_PLACE = """
- Where lesions would come: each kind is given as one training eye has it, in the same places of every eye. It shows how the
  classifier answers to lesions, not where this eye would have them."""


_COMPONENTS = """
- What the directions named `components` are: whatever varied independently of the rest among the styles of the photographs
  below, found without labels. Two things that always came together there are one component, and it has no name."""


def _attributes(metadata: BundleMetadata) -> str:
    """What has to be said of learned directions."""
    if not metadata.generator.attributes:
        return ""
    by_pictures = metadata.encoder.taught_range > 0
    by_opinions = not by_pictures or "" in metadata.generator.attribute_names
    in_one_place = by_pictures and not metadata.encoder.taught_from
    said = [(_TAUGHT_BY_LESIONS, by_pictures), (_IN_ONE_PLACE, in_one_place), (_TAUGHT_BY_CLASSIFIER, by_opinions)]
    return "".join(text for text, holds in said if holds)


def _components(metadata: BundleMetadata) -> str:
    """What has to be said of directions that were told apart without labels."""
    return _COMPONENTS if metadata.generator.components else ""


def _classifier(metadata: BundleMetadata) -> str:
    """What the classifier is, in words."""
    epochs = metadata.recipe.get("config", {}).get("classifier", {}).get("epochs", 1)
    how = "fine-tuned from ImageNet" if epochs else "with its ImageNet weights and a logistic regression behind them"
    return f"an EfficientNet-Lite0 classifier {how}."


def _calibrated(metadata: BundleMetadata) -> str:
    """On what the classifier was calibrated, where it was made here."""
    if metadata.foreign:
        return "."
    recipe = metadata.recipe.get("config", {}).get("classifier", {})
    if recipe.get("epochs", 1) or recipe.get("lesion_share", 0):
        return "; the classifier was calibrated on it."
    return "; the classifier was calibrated on what it says of each training eye when it has learned from the others."


def _drawn_by(metadata: BundleMetadata) -> str:
    """What has to be said of a generator that was not made here."""
    if not metadata.imported:
        return ""
    source = metadata.recipe.get("imported", {})
    return f"""
The generator was imported from `{source.get("file", "?")}` (SHA-256 `{source.get("sha256", "?")}`): what it was trained on, and
under what terms its weights stand, its own makers know. The photographs below trained the encoder.
"""


_FOREIGN = """a classifier that was not made with them and was only asked for its answers;
what it was trained on, and whether photographs named here are among that, its own makers know."""


def model_card(metadata: BundleMetadata, atlas: DirectionAtlas) -> str:
    """Return the card in Markdown."""
    recipe = metadata.recipe
    listed = "\n".join(
        f"| {d.id} | {metadata.classes[d.target]} | {d.effect_logit:.2f} [{d.effect_logit_interval[0]:.2f}, "
        f"{d.effect_logit_interval[1]:.2f}] | {d.effect_probability:.3f} | {d.flip_share:.2f} | {d.held_out} |"
        for d in atlas.directions
    )
    return f"""# {metadata.title}

**For research. Not a medical device. Every picture made with this model is synthetic and says so.**

Classes: {", ".join(metadata.classes)}. Resolution: {metadata.resolution} px. A generator with an open style space, an
encoder, and {_FOREIGN if metadata.foreign else _classifier(metadata)}

## What it was trained on
{_drawn_by(metadata)}{recipe.get("photographs", "?")} retinal photographs, none of a test split (SHA-256 of files and pixels:
`{recipe.get("photographs_sha256", "?")}`); labels (DR grade 2 or higher = referable) exist for the IDRiD ones only.
- IDRiD: Porwal et al., Indian Diabetic Retinopathy Image Dataset, IEEE DataPort 2018, CC BY 4.0.
- HRF: Budai et al., International Journal of Biomedical Imaging 2013, CC BY 4.0.
- CHASE_DB1: Fraz et al., IEEE Transactions on Biomedical Engineering 2012, Kingston University, CC BY 4.0.

Photographs were cropped to the field of view, resized, and left eyes mirrored. ImageNet features: EfficientNet-Lite0,
Apache-2.0.

## Scores, as they came out
{_table(metadata.scores)}

`validation` is a random part of these photographs, held out of all training here\
{_calibrated(metadata)} `psnr_db` is inside the field of view.

## Directions
Effects were measured on the held-out photographs of the other class, each moved to the end (5 % or 95 %) of what real eyes
show, or, an attribute, of what it was taught, on the composite; bootstrap 95 % interval.

| direction | towards | log odds | probability | flips alone | photographs |
|---|---|---|---|---|---|
{listed}

## What it can't show
- Small lesions: at {metadata.resolution} px a microaneurysm is about a pixel or less. Fine vessels and small lesions are blurred
  or missing in reconstructions; the composite keeps the photograph's own detail, but what changes is drawn by this generator.
- Anything outside its few hundred training photographs, most of them from one clinic and one camera in India: other
  cameras, other populations, diseases other than diabetic retinopathy.
- Causes of disease: a counterfactual shows what this classifier reacts to, shortcuts included.\
{_attributes(metadata)}{_components(metadata)}
- How independent the agreement is: generator, encoder and refinement are all steered to be classified like the
  photograph, so that agreement is what they were made for, and no proof that the lesions themselves are drawn.
- Eyes that nobody has: without a `noise_batch` the mapping network is untrained, and only photographs can be edited.
- It has not been validated clinically and no clinician has named its directions.

## Recipe
```json
{json.dumps(recipe, indent=1, sort_keys=True)}
```
"""
