"""The look into the wheel notices what is missing and what does not belong there."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel_check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("wheel_check", ROOT / "tools" / "wheel_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def whole(module: ModuleType) -> list[str]:
    return [f"{module.PACKAGE}/{name}" for name in module.REQUIRED] + ["napari_latent_explain-1.0.dist-info/METADATA"]


def test_a_whole_wheel_passes(wheel_check: ModuleType) -> None:
    assert wheel_check.complaints(whole(wheel_check), 17_000_000) == []


@pytest.mark.parametrize(
    "name", ["napari.yaml", "review/protocols/identity.json", "bundles/referable_dr/models/encoder.safetensors"]
)
def test_something_missing(wheel_check: ModuleType, name: str) -> None:
    names = [one for one in whole(wheel_check) if not one.endswith(name)]
    assert wheel_check.complaints(names, 1) == [f"napari_latent_explain/{name} is missing"]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("napari_latent_explain/sample_data/patient.JPG", "may be a photograph"),
        ("napari_latent_explain/sample_data/eye.png", "may be a photograph"),
        ("napari_latent_explain/bundles/simulated_x.png", "may be a photograph"),
        ("napari_latent_explain/tests/test_a.py", "does not belong into a wheel"),
        ("napari_latent_explain/__pycache__/a.cpython-311.pyc", "does not belong into a wheel"),
        ("tools/build.sh", "would be installed beside the package"),
    ],
)
def test_something_too_much(wheel_check: ModuleType, name: str, complaint: str) -> None:
    assert wheel_check.complaints([*whole(wheel_check), name], 1) == [f"{name} {complaint}"]


def test_too_large(wheel_check: ModuleType) -> None:
    assert wheel_check.complaints(whole(wheel_check), 30_000_001) == ["it has 30.0 MB, more than 30"]


def test_only_what_the_repository_has(wheel_check: ModuleType) -> None:
    names = whole(wheel_check)
    tracked = {name for name in names if name.startswith("napari_latent_explain/")}
    assert wheel_check.complaints([*names, "napari_latent_explain/note.txt"], 1, tracked) == [
        "napari_latent_explain/note.txt is not in the repository"
    ]
    assert wheel_check.complaints(names, 1, {*tracked, "napari_latent_explain/new.py"}) == [
        "napari_latent_explain/new.py is missing"
    ]


def test_what_the_package_has_now_passes(wheel_check: ModuleType) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("the repository is not here")
    tracked = wheel_check.tracked_files()
    assert wheel_check.complaints(tracked, 1, tracked) == []
