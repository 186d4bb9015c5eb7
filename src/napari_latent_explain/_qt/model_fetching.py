"""Models that are fetched when they are chosen."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from napari_latent_explain._qt import verbs

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain._qt.model_chooser import ModelChooser
    from napari_latent_explain._qt.slow_work import SlowWork

__all__ = ["ModelFetching"]


class ModelFetching(QObject):  # type: ignore[misc]
    """Downloads a model that was chosen and is not on this machine, and chooses it then."""

    def __init__(self, model: ModelChooser, work: SlowWork) -> None:
        super().__init__()
        self._model, self._work = model, work
        work.expect("fetch", self._take)
        model.fetch_asked.connect(self._fetch)

    def _fetch(self, name: str) -> None:
        self._work.submit("fetch", partial(verbs.fetch, name))

    def _take(self, fetched: tuple[str, Path]) -> None:
        self._model.take_fetched(*fetched)
