"""The command that downloads models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from napari_latent_explain.cli import fetch
from napari_latent_explain.cli.app import app
from napari_latent_explain.domain import BundleError
from napari_latent_explain.model import downloads
from napari_latent_explain.model.downloads import Download

_LARGE = Download(
    name="large", title="A large model", address="https://m.org/large/", sha256="0" * 64, bytes=24_000_000
)


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a model that is published, and comes there when it is fetched."""
    folder = tmp_path / "large-00000000"

    def fetched(name: str, progress: object) -> Path:
        (folder / "configs").mkdir(parents=True)
        (folder / "configs/metadata.json").write_text("{}")
        return folder

    monkeypatch.setattr(downloads, "DOWNLOADS", (_LARGE,))
    monkeypatch.setattr(downloads, "_home", lambda download: folder)
    monkeypatch.setattr(fetch, "DOWNLOADS", (_LARGE,))
    monkeypatch.setattr(fetch, "fetch_bundle", fetched)
    return folder


def _run(*words: str) -> str:
    done = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert done.exit_code == 0
    return str(done.stdout)


def test_without_a_name_it_lists_what_there_is(large: Path) -> None:
    assert all(word in _run("fetch") for word in ("large", "A large model", "24", "not yet"))
    (row,) = json.loads(_run("fetch", "--json"))
    assert row == {**_LARGE.model_dump(), "folder": None}


def test_it_says_where_the_model_lies(large: Path) -> None:
    assert _run("fetch", "large").strip() == str(large)
    assert json.loads(_run("fetch", "--json"))[0]["folder"] == str(large)


def test_other_commands_take_the_name(large: Path) -> None:
    with pytest.raises(BundleError, match="latent-explain fetch large"):
        _run("info", "--model", "large")
    _run("fetch", "large")
    with pytest.raises(BundleError, match=f"{large.name}"):  # the stand-in is no bundle, and is read as one
        _run("info", "--model", "large")
