"""Checkpoints in parts of at most 16 MiB: a run can be carried from machine to machine.

A checkpoint is a folder: ``part-000.safetensors`` ... with every tensor (networks, EMA, Adam's moments), and
``state.json`` with the plain numbers. It is written beside the old one, flushed to the disk, and put in its place in one step,
so that a kill or a power cut at any moment leaves a whole checkpoint.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from napari_latent_explain.domain import TrainingError
from napari_latent_explain.export.atomic import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

__all__ = ["load_checkpoint", "optimizer_tensors", "restore_optimizer", "save_checkpoint"]

PART_BYTES = 15 * 2**20


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write `tensors` and `state` (JSON types) to `folder`, replacing what is there in one step.

    Tensors larger than a part are cut into slices along the first axis.

    Raises
    ------
    ExportError
        If the folder can't be written or the disk is full.
    """
    new, old = folder.with_name(folder.name + ".new"), folder.with_name(folder.name + ".old")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    part: dict[str, Tensor] = {}
    size = count = 0
    shapes: dict[str, list[int]] = {}
    for name, tensor in tensors.items():
        flat = tensor.detach().cpu().contiguous()
        shapes[name] = list(flat.shape)
        flat = flat.reshape(-1)
        step = PART_BYTES // max(flat.element_size(), 1)
        for piece, start in enumerate(range(0, max(flat.numel(), 1), step)):
            chunk = flat[start : start + step].clone()
            bytes_ = chunk.numel() * chunk.element_size()
            if part and size + bytes_ > PART_BYTES:
                write_atomically(new / f"part-{count:03d}.safetensors", save(part))
                part, size, count = {}, 0, count + 1
            part[f"{name}#{piece}"] = chunk
            size += bytes_
    write_atomically(new / f"part-{count:03d}.safetensors", save(part))
    written = {"parts": count + 1, "shapes": shapes, "state": dict(state)}
    write_atomically(new / "state.json", json.dumps(written).encode())
    if folder.exists():  # else `old` is the one that is whole
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint back.

    Raises
    ------
    TrainingError
        If it is missing, incomplete or damaged.
    """
    old = folder.with_name(folder.name + ".old")
    if not folder.exists() and old.exists():  # killed between the two renames
        folder = old
    try:
        written = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        pieces: dict[str, Tensor] = {}
        for index in range(written["parts"]):
            pieces |= load_file(folder / f"part-{index:03d}.safetensors")
        tensors = {}
        for name, shape in written["shapes"].items():
            count = sum(1 for key in pieces if key.rpartition("#")[0] == name)
            whole = torch.cat([pieces[f"{name}#{k}"] for k in range(count)])
            tensors[name] = whole.reshape(shape)
        state: dict[str, Any] = written["state"]
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        msg = f"The checkpoint {folder} is missing or damaged ({type(error).__name__}); start again or bring all its parts."
        raise TrainingError(msg) from error
    return tensors, state


def optimizer_tensors(optimizer: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """Adam's moments and step counts by position of the parameter."""
    found = {}
    for index, values in optimizer.state_dict()["state"].items():
        for key, value in values.items():
            found[f"{prefix}.{index}.{key}"] = torch.as_tensor(value)
    return found


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], prefix: str) -> None:
    """Put back what `optimizer_tensors` gave."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith(prefix + "."):
            index, key = name.removeprefix(prefix + ".").split(".")
            state.setdefault(int(index), {})[key] = value
    optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
