"""A small study with pictures that are drawn here, and clocks that stand still."""

from __future__ import annotations

import hashlib
import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from napari_latent_explain.domain import Laterality, ModelIdentity, StyleDirection
from napari_latent_explain.review import Picture, Role, Study, StudyItem, load_protocol, rater_file

sys.path.insert(0, str(Path(__file__).parents[1]))

BEGAN = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Clock:
    """Goes on by two seconds whenever it is looked at."""

    def __init__(self) -> None:
        self.at = BEGAN

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=2)
        return self.at


def _picture(folder, name, colour) -> Picture:
    stream = io.BytesIO()
    Image.fromarray(np.full((24, 24, 3), colour, np.uint8)).save(stream, "PNG")
    path = folder / "pictures" / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue())
    return Picture(file=f"pictures/{name}.png", sha256=hashlib.sha256(stream.getvalue()).hexdigest())


def make_study(folder, *, photographs=4, directions=5, protocol="attribute-review", **changes) -> Study:
    """Write a study of `photographs` x `directions` items (of one item a photograph for whole counterfactuals)."""
    protocol = load_protocol(protocol).replace(**changes)
    whole = protocol.items == "counterfactuals"
    items = []
    for p in range(photographs):
        for d in range(1 if whole else directions):
            pictures = {
                role: _picture(folder, f"{p}-{d}-{role}", (40 * p + 20, 30 * d + 10, 20 * k))
                for k, role in enumerate(protocol.shows)
            }
            items.append(
                StudyItem(
                    id=f"item-{p}{d}", case=f"case {p}", photograph=f"{p:064x}", laterality=list(Laterality)[p % 2],
                    direction="" if whole else f"layer:{d}:+", direction_name="" if whole else f"direction {d}", target=1,
                    probabilities={role: (0.8, 0.2) if role is Role.ORIGINAL else (0.3, 0.7) for role in protocol.shows},
                    pictures=pictures,
                )
            )  # fmt: skip
    study = Study(
        title="A study", created=BEGAN, protocol=protocol, items=tuple(items), atlas="a" * 64, classes=("healthy", "referable"),
        model=ModelIdentity(name="model", sha256="b" * 64, resolution=64), seed=3,
    )  # fmt: skip
    study.write(folder)
    return study


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def make():
    return make_study


@pytest.fixture
def study(tmp_path):
    return make_study(tmp_path / "study")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "study"


@pytest.fixture
def small_direction():
    """Make a direction with this id."""

    def made(direction_id):
        return StyleDirection(
            id=direction_id, name="d", layer="l", channel=0, sign=1, spread=1.0, low=-1, high=1, target=1, effect_logit=0.5,
            effect_logit_interval=(0.2, 0.8), effect_probability=0.1, effect_probability_interval=(0.0, 0.2), flip_share=0.1,
            held_out=20,
        )  # fmt: skip

    return made


sys.modules["small_study_clock"] = sys.modules[__name__]


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server, started once."""
    from postgresql_server import PostgresqlServer, programs

    if programs() is None:
        pytest.skip("needs PostgreSQL's server (Debian: postgresql)")
    made = PostgresqlServer()
    try:
        made.start()
        yield made
    finally:
        made.remove()


@pytest.fixture
def address(server):
    """The address of an empty database, spoken to in the clear: that is twice as fast."""
    return f"{server.empty_database()}?sslmode=disable"


@pytest.fixture(params=["file", pytest.param("database", marks=pytest.mark.postgres)])
def kept(request, folder):
    """Where a rater's answers are kept, by the rater: a file each, and then one database for all."""
    if request.param == "file":
        return lambda rater: rater_file(folder, rater)
    address = request.getfixturevalue("address")
    return lambda rater: address
