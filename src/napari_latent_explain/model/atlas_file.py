"""An atlas of one's own in place of a bundle's: found on other photographs, or with what a study validated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_latent_explain.domain import BundleError, DirectionAtlas
from napari_latent_explain.export.kept_json import read_kept

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.model.explainer import Explainer

__all__ = ["with_atlas"]

_MOST_BYTES = 64 * 2**20


def with_atlas(explainer: Explainer, path: Path) -> Explainer:
    """Return the explainer with the directions of an atlas file, as ``latent-explain discover`` and ``study summary`` write it.

    Raises
    ------
    BundleError
        If it can't be read, is no atlas, or was measured with another generator, classifier or set of classes.
    """
    try:
        atlas = read_kept(
            path, DirectionAtlas, BundleError, "write it again with 'latent-explain discover'", _MOST_BYTES
        )
    except OSError as error:
        msg = f"{path} can't be read ({error.strerror}); name the atlas file of this model."
        raise BundleError(msg) from error
    own = explainer.atlas
    for name, theirs, ours in (
        ("set of classes", atlas.classes, explainer.classes),
        ("generator", atlas.generator_sha256, own.generator_sha256),
        ("classifier", atlas.classifier_sha256, own.classifier_sha256),
    ):
        if theirs and ours and theirs != ours:
            msg = f"The directions in {path} were measured with another {name}; find them again for this model."
            raise BundleError(msg)
    for direction in atlas.directions:
        if not 0 <= direction.target < len(explainer.classes):
            msg = (
                f"The direction {direction.id} in {path} is of no class of this model; find directions for this model."
            )
            raise BundleError(msg)
        try:
            explainer.layout.column(direction.layer, direction.channel)
        except (KeyError, IndexError) as error:
            msg = f"The direction {direction.id} in {path} is of no channel of this model; find directions for this model."
            raise BundleError(msg) from error
    return replace(explainer, atlas=atlas)
