"""A record comes back from disk as it was, but for names."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from napari_latent_explain.domain import CounterfactualRecord, ExportError
from napari_latent_explain.export import Strip, read_record, read_strip, write_record
from napari_latent_explain.export.kept_record import KEPT, record_bytes
from napari_latent_explain.export.strip import KEPT_STRIP


def test_a_record_comes_back_whole_and_nameless(rich: CounterfactualRecord, tmp_path: Path) -> None:
    write_record(rich, tmp_path)
    again = read_record(tmp_path)
    assert again.name == "case 3fa94c21"
    for field in dataclasses.fields(rich):
        before, after = getattr(rich, field.name), getattr(again, field.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype
            assert np.array_equal(before, after), field.name
        elif field.name == "directions":
            bare = [d.replace(examples=(), naming=None) for d in before]
            assert list(after) == bare
        elif field.name not in ("name", "seconds"):
            assert before == after, field.name
    assert record_bytes(rich) == record_bytes(again)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda b: b[: len(b) // 2], "damaged"),
        (lambda b: b"", "damaged"),
        (lambda b: b.replace(b'\\"format\\":1', b'\\"format\\":2'), "newer version"),
        (lambda b: b.replace(b'\\"target\\":1', b'\\"target\\":7'), "damaged"),
        (lambda b: b.replace(b'"original"', b'"unknown_"'), "damaged"),
    ],
)
def test_what_is_no_record_is_one_sentence(rich: CounterfactualRecord, tmp_path: Path, change, said: str) -> None:
    content = record_bytes(rich)
    changed = change(content)
    assert changed != content
    (tmp_path / KEPT).write_bytes(changed)
    with pytest.raises(ExportError, match=said):
        read_record(tmp_path)
    with pytest.raises(ExportError, match="There is no folder"):
        read_record(tmp_path / "nowhere")


def test_a_strip_belongs_to_the_edit_that_it_was_written_with(
    rich: CounterfactualRecord, strip: Strip, tmp_path: Path
) -> None:
    write_record(rich, tmp_path, strip=strip)
    again = read_strip(tmp_path)
    assert (again.shares, again.probabilities) == (strip.shares, strip.probabilities)
    assert np.array_equal(again.pictures, strip.pictures)
    (tmp_path / KEPT_STRIP).write_bytes(b"12345678")
    with pytest.raises(ExportError, match="damaged"):
        read_strip(tmp_path)
    write_record(rich, tmp_path)
    with pytest.raises(ExportError, match="--strip"):
        read_strip(tmp_path)
