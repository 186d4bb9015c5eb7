"""What a person chose in napari's Preferences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["PLUGIN", "Preferences", "read_preferences"]

PLUGIN = "napari-latent-explain"


@dataclass(frozen=True)
class Preferences:
    """The page "Latent Explain" of the Preferences; the manifest says the same defaults, and what each of them means.

    Parameters
    ----------
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.
    display_size, preview_size : int
        Largest side in pixels of the pictures that are shown, and of those that stand in while a slider moves.
    project_folder, photographs_folder : str
        Where everything is kept (empty: the user's data folder), and where Open... begins.
    take_up : bool
        Whether a new window shows what the last one had on show.
    difference_colours : str
        ``blue-orange`` or ``purple-green``.
    rater : str
        Kept with the names that this person gives.
    """

    device: str = "auto"
    display_size: int = 1024
    preview_size: int = 512
    project_folder: str = ""
    photographs_folder: str = ""
    take_up: bool = True
    difference_colours: str = "blue-orange"
    rater: str = ""

    @property
    def project(self) -> Path:
        """Folder of the project that a window opens by itself."""
        if self.project_folder.strip():
            return Path(self.project_folder.strip()).expanduser()
        from platformdirs import user_data_path

        return user_data_path(PLUGIN, appauthor=False) / "project"


def read_preferences() -> Preferences:
    """Read them; where napari knows nothing of this plugin (in a script, for instance), the defaults."""
    from napari.settings import get_plugin_settings

    try:
        page: Any = get_plugin_settings(PLUGIN).general
    except (KeyError, AttributeError):
        return Preferences()
    return Preferences(**{name: getattr(page, name) for name in Preferences.__dataclass_fields__})
