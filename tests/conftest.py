"""What every test may ask for."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from napari_latent_explain.model import Explainer

ROOT = Path(__file__).resolve().parents[1]

sys.path.insert(0, str(Path(__file__).parent))  # what tests share lies beside them


def _data_folder() -> Path | None:
    named = os.environ.get("LATENT_EXPLAIN_DATA")
    for folder in [Path(named)] if named else [ROOT.parent / "shared" / "data"]:
        if (folder / "fundus512" / "manifest.csv").is_file():
            return folder
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if _data_folder() is None:
        absent = pytest.mark.skip(reason="needs the folder of real photographs ($LATENT_EXPLAIN_DATA)")
        for item in items:
            if item.get_closest_marker("real_photograph"):
                item.add_marker(absent)
    if not os.environ.get("DISPLAY"):
        blind = pytest.mark.skip(reason="needs a display: run under xvfb-run, as `make test` does")
        for item in items:
            if item.get_closest_marker("gui"):
                item.add_marker(blind)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.getreports("skipped") if "real_photograph" in report.keywords]
    terminalreporter.write_line(f"Tests skipped for want of the real photographs: {len(skipped)}")


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees or changes what the person who runs it keeps."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data_home")))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real photographs; tests that use it carry the marker `real_photograph`."""
    folder = _data_folder()
    assert folder is not None, "mark this test with real_photograph"
    return folder


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a tiny untrained bundle: do not change its files."""
    from small_model import write_small_bundle

    return write_small_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def small_explainer(small_bundle: Path) -> Explainer:
    """The tiny untrained model in memory."""
    from napari_latent_explain.model import load_explainer

    return load_explainer(small_bundle, "cpu")
