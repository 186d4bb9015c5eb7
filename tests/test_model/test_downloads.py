"""Bundles that are downloaded: once, in parts, and never another than was published."""

from __future__ import annotations

import functools
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_latent_explain.domain import BundleError, Cancelled
from napari_latent_explain.model import downloads, load_explainer
from napari_latent_explain.model.downloads import DOWNLOADS, Download, fetch_bundle, fetched_bundle, named_bundle


class _Handler(http.server.SimpleHTTPRequestHandler):
    asked: list[str] = []  # noqa: RUF012 - what was asked for since the server began

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def site(small_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of a bundle that a server on this machine publishes as `small`; the folder of a user without any."""
    published = tmp_path / "site"
    for path in small_bundle.rglob("*"):
        if path.is_file():
            copy = published / path.relative_to(small_bundle)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    _Handler.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, directory=str(published)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    small = Download.model_construct(
        name="small", title="A small model", address=f"http://127.0.0.1:{server.server_port}/",
        sha256=hashlib.sha256((published / "configs/metadata.json").read_bytes()).hexdigest(),
        bytes=sum(path.stat().st_size for path in published.rglob("*") if path.is_file()),
    )  # fmt: skip
    monkeypatch.setattr(downloads, "DOWNLOADS", (small,))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("platformdirs.user_data_path", lambda name, author: tmp_path / "data" / name)
    yield published
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_bundle_comes_once_and_can_be_loaded(site: Path, small_bundle: Path) -> None:
    assert fetched_bundle("small") is None
    heard: list[float] = []
    folder = fetch_bundle("small", lambda what, done: heard.append(done))
    assert load_explainer(folder, "cpu").identity == load_explainer(small_bundle, "cpu").identity
    assert heard[0] == 0.0
    assert heard == sorted(heard)
    assert heard[-1] == pytest.approx(1.0)
    assert fetched_bundle("small") == folder
    asked = len(_Handler.asked)
    assert fetch_bundle("small") == folder
    assert len(_Handler.asked) == asked
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("file", ["configs/metadata.json", "models/encoder.safetensors"])
def test_another_file_than_was_published_is_refused_and_nothing_is_there(site: Path, file: str) -> None:
    content = (site / file).read_bytes()
    (site / file).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(BundleError, match="not what was published"):
        fetch_bundle("small")
    assert fetched_bundle("small") is None
    (site / file).write_bytes(content)
    assert load_explainer(fetch_bundle("small"), "cpu").resolution == 32


def test_a_file_without_end_is_stopped(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "models/encoder.safetensors").write_bytes(bytes(2**23))
    with pytest.raises(BundleError, match="could not be downloaded"):
        fetch_bundle("small")
    assert all(path.stat().st_size < 2**23 for path in site.parent.joinpath("data").rglob("*"))


def test_whoever_is_interrupted_goes_on(site: Path) -> None:
    def stop(what: str, done: float) -> None:
        if done > 0.6:
            raise Cancelled

    with pytest.raises(Cancelled):
        fetch_bundle("small", stop)
    assert fetched_bundle("small") is None
    before = set(_Handler.asked)
    _Handler.asked.clear()
    fetch_bundle("small")
    assert len(before) > 2
    assert len(before & set(_Handler.asked)) <= 1  # what had come whole was not asked for again


def test_without_a_network_it_says_what_to_do(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = downloads.DOWNLOADS[0].model_copy(update={"address": "http://127.0.0.1:9/"})
    monkeypatch.setattr(downloads, "DOWNLOADS", (nowhere,))
    with pytest.raises(
        BundleError, match=r"could not be downloaded \(ConnectionError\); try again, or copy its folder"
    ):
        fetch_bundle("small")


def test_an_unknown_name_is_refused(site: Path) -> None:
    for asked in (fetch_bundle, fetched_bundle):
        with pytest.raises(BundleError, match="no model 'large' to download; there is: small"):
            asked("large")


def test_a_model_is_named_by_its_folder_or_by_its_name(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert named_bundle(None) is None
    assert named_bundle(Path("elsewhere")) == Path("elsewhere")
    with pytest.raises(BundleError, match="latent-explain fetch small"):
        named_bundle(Path("small"))
    folder = fetch_bundle("small")
    assert named_bundle(Path("small")) == folder
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small").mkdir()
    assert named_bundle(Path("small")) == Path("small")


def test_what_is_published_is_as_this_repository_has_it() -> None:
    """The folder behind each address: its hash and size are those that the package holds."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():
        pytest.skip("only a checkout has the models")
    for download in DOWNLOADS:
        folder = root / "models" / download.address.rstrip("/").rsplit("/", 1)[1]
        content = (folder / "configs/metadata.json").read_bytes()
        assert hashlib.sha256(content).hexdigest() == download.sha256
        assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) == download.bytes
        explainer = load_explainer(folder, "cpu")
        assert (explainer.identity.name, f"{explainer.resolution} px") == (download.name, download.title.split(", ")[1])
        board = json.loads((root / f"docs/scoreboard-{download.name}.json").read_text())
        assert board["bundle"]["sha256"] == explainer.identity.sha256
