"""What a window had on show, remembered in its project: photograph, model, arrangement, camera."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info
from qtpy.QtCore import QObject

from napari_latent_explain.fundus.photograph_files import can_be_kept

if TYPE_CHECKING:
    import napari.viewer

    from napari_latent_explain._qt.keeper import Keeper
    from napari_latent_explain._qt.panel import Panel
    from napari_latent_explain.cohort import Project, View
    from napari_latent_explain.explain import Explanation

__all__ = ["RememberedView"]


class RememberedView(QObject):  # type: ignore[misc]
    """Watches panel and camera, and puts both back where a project had them.

    Parameters
    ----------
    viewer, panel, keeper
        The viewer, the controls, and what writes.
    """

    def __init__(self, viewer: napari.viewer.Viewer, panel: Panel, keeper: Keeper) -> None:
        super().__init__()
        self._camera, self._panel, self._keeper = viewer.scene.camera, panel, keeper
        self._path = ""
        self._before: View | None = None
        self._restoring = self._foreign = False
        self._camera.events.connect(self._keep_camera)
        panel.looking.arranged.connect(self.keep)
        panel.model.changed.connect(self._keep_model)
        panel.goal.chosen.connect(self.keep)

    def restore(self, project: Project, *, trusted: bool) -> str:
        """Put the panel back, and return the path of the photograph that was on show, if it can be taken up.

        A model of its own choice is loaded only for a project that is the person's own: another's may name any folder.
        """
        self._foreign = project.view.bundle is not None and not trusted
        self._before, self._path = project.view, ""
        self._restoring = True  # what is put back is not kept half way
        try:
            return self._restore(project, trusted=trusted)
        finally:
            self._restoring = False

    def _restore(self, project: Project, *, trusted: bool) -> str:
        view, panel = project.view, self._panel
        panel.looking.two_rows.setChecked(view.two_rows)
        panel.looking.reconstruction.setChecked(view.reconstruction)
        panel.goal.choose(view.goal if view.goal in panel.goal.values else None)
        if view.guided:
            panel.guide.finish()
        if self._foreign:
            show_info(
                f"This project was made with the model in {view.bundle}; choose it with Folder... if you trust it."
            )
        else:
            panel.model.choose(Path(view.bundle) if view.bundle is not None else None, view.device)
            self._choose_directions(view.directions if trusted else None)
        if project.cases:
            panel.project.expand(animate=False)
        for case in project.cases if trusted or view.bundle is None else ():
            if case.path == view.shown and case.explained and Path(case.path).is_file():
                return case.path
        return ""

    def _choose_directions(self, named: str | None) -> None:
        file = None if named is None else Path(named)
        if file is not None and not file.is_file():
            show_info(f"The directions in {file} are not there any more; the model's own are taken instead.")
            file = None
        self._panel.model.directions.choose(file)

    def show(self, explanation: Explanation) -> None:
        """Another photograph is on show; the camera goes where it was if it is the one that a project had."""
        before, self._before = self._before, None
        path = explanation.photograph.path
        self._path = str(path.absolute()) if path is not None and can_be_kept(path) else ""
        if self._path:
            self._keeper.keep_view(shown=self._path)
        if (
            before is not None
            and before.looked_at == self._path
            and before.zoom is not None
            and before.centre is not None
        ):
            self._camera.center, self._camera.zoom = before.centre, before.zoom

    def keep(self) -> None:
        """Remember model and arrangement; the model of a foreign project stays until another one is chosen."""
        if self._restoring:
            return
        bundle, looking = self._panel.model.bundle, self._panel.looking
        directions = self._panel.model.directions.file
        model = {
            "bundle": None if bundle is None else str(bundle),
            "device": self._panel.model.device,
            "directions": None if directions is None else str(directions),
        }
        self._keeper.keep_view(
            **({} if self._foreign else model),
            two_rows=looking.two_rows.isChecked(), reconstruction=looking.reconstruction.isChecked(),
            guided=self._panel.guide.finished, goal=self._panel.goal.value,
        )  # fmt: skip

    def _keep_model(self) -> None:
        if not self._restoring:
            self._foreign = False
            self.keep()

    def close_down(self) -> None:
        """Remember all of it, and let the camera go."""
        self.keep()
        self._camera.events.disconnect(self._keep_camera)

    def _keep_camera(self, _event: Any = None) -> None:
        if self._path:
            self._keeper.keep_view(
                looked_at=self._path, centre=tuple(self._camera.center[-2:]), zoom=float(self._camera.zoom)
            )
