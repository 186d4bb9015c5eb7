"""Bundles too large for the wheel: downloaded once, each file checked against hashes that this package holds. No torch."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from napari_latent_explain.domain import BundleError, silent
from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.plain_file import plain_file
from napari_latent_explain.domain.plain_json import plain_json
from napari_latent_explain.model.bundle_folder import replace_bundle

if TYPE_CHECKING:
    from napari_latent_explain.domain import Progress

__all__ = ["DOWNLOADS", "Download", "fetch_bundle", "fetched_bundle", "named_bundle"]

_METADATA = "configs/metadata.json"
_LARGEST = 2**30


class Download(FrozenModel):
    """A bundle that can be downloaded.

    Parameters
    ----------
    name : str
        What `fetch_bundle` and ``--model`` call it.
    title : str
        What it is.
    address : str
        Of the folder, with a slash at the end; what lies there never changes.
    sha256 : str
        Of its ``configs/metadata.json``, which holds those of all its other files.
    bytes : int
        Of all its files.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,60}$")]
    title: str
    address: Annotated[str, StringConstraints(pattern=r"^https://.*/$")]
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    bytes: Annotated[int, Field(gt=0, le=_LARGEST)]


_MODELS = "https://raw.githubusercontent.com/napari-latent-explain/napari-latent-explain/main/models"

DOWNLOADS = (
    Download(
        name="referable_dr_512",
        title="Referable DR, 512 px",
        address=f"{_MODELS}/referable_dr_512-0e5dfb1b/",
        sha256="0e5dfb1be273884a24a89597645951bb0617bb305008c176e87c033682f46113",
        bytes=24_356_390,
    ),
)
"""All that this version knows."""


def _known(name: str) -> Download:
    for download in DOWNLOADS:
        if download.name == name:
            return download
    there = ", ".join(download.name for download in DOWNLOADS)
    msg = f"There is no model '{ascii(name)[1:-1][:60]}' to download; there is: {there or 'none'}."
    raise BundleError(msg)


def _home(download: Download) -> Path:
    from platformdirs import user_data_path

    return Path(user_data_path("napari-latent-explain", False)) / "models" / f"{download.name}-{download.sha256[:8]}"


def fetched_bundle(name: str) -> Path | None:
    """Folder of a bundle that was downloaded, None if it was not.

    Raises
    ------
    BundleError
        If there is none of this name.
    """
    home = _home(_known(name))
    return home if (home / _METADATA).is_file() else None


def named_bundle(bundle: Path | None) -> Path | None:
    """Folder of a bundle that a person named by its folder or, if there is no such folder, by its name in `DOWNLOADS`.

    Raises
    ------
    BundleError
        If it is known by name and not downloaded.
    """
    if bundle is None or bundle.exists() or str(bundle) not in {download.name for download in DOWNLOADS}:
        return bundle
    found = fetched_bundle(str(bundle))
    if found is None:
        known = _known(str(bundle))
        msg = (
            f"The model {known.name} is not on this machine; download it once ({known.bytes / 1e6:.0f} MB): "
            f"latent-explain fetch {known.name}"
        )
        raise BundleError(msg)
    return found


class _Told:
    """What pooch moves as a progress bar; stops a file that is larger than it should be.

    Attributes
    ----------
    total : int
        Bytes of the file that comes now, 0 if the server does not say; set by pooch.
    """

    def __init__(self, progress: Progress, most: int) -> None:
        self._progress, self._most, self.total = progress, most, 0
        self._before = self._file = 0  # bytes of the files before, and of this one in whole pieces

    def update(self, count: int) -> None:
        """A piece came: `count` bytes, or less if it is the last."""
        self._file += count
        done = self._before + (min(self._file, self.total) if self.total else self._file)
        if done > self._most + 2**20:
            msg = "more comes than it should have"
            raise OSError(msg)
        self._progress("Downloading", min(1.0, done / self._most))

    def reset(self) -> None:
        """The file is there; all of it is counted again."""
        self._file = 0

    def close(self) -> None:
        """On to the next file."""
        self._before, self._file = self._before + self._file, 0


def fetch_bundle(name: str, progress: Progress = silent) -> Path:
    """Download a bundle, if it is not there yet, into the user's data folder.

    Whoever is interrupted goes on next time: files that are there whole are not downloaded again.

    Parameters
    ----------
    name : str
        One of `DOWNLOADS`.
    progress : Progress
        May raise `Cancelled`.

    Returns
    -------
    pathlib.Path
        The bundle's folder, for `load_explainer`.

    Raises
    ------
    BundleError
        If there is none of this name, no network, or what comes is not what was published.
    ExportError
        If it can't be written.
    """
    import pooch
    from requests import RequestException

    download = _known(name)
    home = _home(download)
    if (home / _METADATA).is_file():
        return home
    pooch.get_logger().setLevel(logging.ERROR)
    part, told = home.parent / f".{home.name}.part", _Told(progress, download.bytes)
    downloader = pooch.HTTPDownloader(
        progressbar=told, chunk_size=2**16, timeout=30, headers={"User-Agent": "napari-latent-explain"}
    )

    def fetched(file: str, sha256: str) -> bytes:
        kept = pooch.retrieve(
            download.address + file,
            known_hash=f"sha256:{sha256}",
            fname=file.replace("/", "."),
            path=part,
            downloader=downloader,
        )
        return plain_file(Path(kept), _LARGEST)

    try:
        progress("Downloading", 0.0)
        content = {_METADATA: fetched(_METADATA, download.sha256)}
        for file, sha256 in sorted(plain_json(content[_METADATA])["files"].items()):
            content[file] = fetched(file, sha256)
    except (RequestException, OSError, ValueError) as error:
        why = "what came is not what was published" if isinstance(error, ValueError) else type(error).__name__
        msg = (
            f"The model {name} could not be downloaded ({why}); try again, or copy its folder from another machine and name "
            f"that: {download.address}"
        )
        raise BundleError(msg) from error
    replace_bundle(home, content)
    shutil.rmtree(part, ignore_errors=True)
    return home
