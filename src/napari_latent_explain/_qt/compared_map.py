"""The map of where the classifier looks, as a fifth picture, for as long as it is true."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject

from napari_latent_explain._qt import verbs

if TYPE_CHECKING:
    from napari_latent_explain._qt.comparison import ComparisonChooser
    from napari_latent_explain._qt.explained_layers import ExplainedLayers
    from napari_latent_explain._qt.session import Session
    from napari_latent_explain._qt.slow_work import SlowWork
    from napari_latent_explain.domain import SaliencyMap, SaliencyMethod
    from napari_latent_explain.explain import Explanation

__all__ = ["ComparedMap"]


class ComparedMap(QObject):  # type: ignore[misc]
    """Gets the map that is chosen, of the explanation and the target that are shown.

    Parameters
    ----------
    session : Session
        Whose explanation is mapped.
    chooser : ComparisonChooser
        Says which map, and how to read it.
    layers : ExplainedLayers
        Show it.
    work : SlowWork
        Computes it.
    """

    def __init__(self, session: Session, chooser: ComparisonChooser, layers: ExplainedLayers, work: SlowWork) -> None:
        super().__init__()
        self._session, self._chooser, self._layers, self._work = session, chooser, layers, work
        self._shown: tuple[Explanation, SaliencyMethod, int] | None = None
        work.expect("compare", self._show, lambda: self.choose(None))
        chooser.chosen.connect(self.renew)

    @property
    def missing(self) -> bool:
        """Whether the map that is chosen is not there: other work took its place, or what it was made of is gone."""
        explanation, method = self._session.explanation, self._chooser.method
        return (
            explanation is not None and method is not None and self._shown != (explanation, method, explanation.target)
        )

    def choose(self, method: SaliencyMethod | None) -> None:
        """Ask for a map; None takes it away."""
        self._chooser.choose(method)
        self.renew()

    def forget(self) -> None:
        """Hold nothing of an explanation that is let go."""
        self._shown = None

    def renew(self) -> None:
        """Take away a map that is no longer true, and ask for the one that is chosen."""
        explanation, method = self._session.explanation, self._chooser.method
        self._chooser.clear()
        self._layers.compare(None)
        self._shown = None
        if explanation is not None and method is not None:
            self._work.submit("compare", lambda progress: verbs.map_over(explanation, method, progress))

    def _show(self, mapped: tuple[Explanation, SaliencyMap, Any]) -> None:
        explanation, found, picture = mapped
        asked = (self._session.explanation, self._chooser.method)
        if asked == (explanation, found.method) and found.target == explanation.target:  # else overtaken by another
            target = explanation.explainer.classes[found.target]
            self._shown = (explanation, found.method, found.target)
            self._layers.compare(picture, f"{found.method.label}: {target}")
            self._chooser.explain(found, target)
