"""What every device can do: Apple's graphics processors know no 64-bit numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import napari_latent_explain
from napari_latent_explain.model.device import is_out_of_memory

_TOO_EARLY = re.compile(r"(?<!cpu\(\))\.double\(\)[^\n]*\.(?:cpu|tolist)\(\)")


def test_the_pattern_finds_what_it_should() -> None:
    assert _TOO_EARLY.search("logits.double().softmax(dim=1).cpu().tolist()")
    assert _TOO_EARLY.search("torch.sigmoid((-odds).double()).tolist()")
    assert not _TOO_EARLY.search("logits.cpu().double().softmax(dim=1).tolist()")


def test_numbers_come_to_the_processor_before_they_are_widened() -> None:
    root = Path(napari_latent_explain.__file__).parent
    found = [
        f"{path.relative_to(root)}:{number}"
        for path in sorted(root.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if _TOO_EARLY.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    ("error", "full"),
    [(torch.OutOfMemoryError("CUDA out of memory"), True), (RuntimeError("MPS backend out of memory"), True),
     (RuntimeError("shapes differ"), False), (MemoryError("out of memory"), False)],
)  # fmt: skip
def test_a_full_graphics_processor_is_told_from_other_errors(error: Exception, full: bool) -> None:
    assert is_out_of_memory(error) is full
