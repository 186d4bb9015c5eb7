"""Which processor does the work."""

from __future__ import annotations

import torch

from napari_latent_explain.domain import WrongUseError

__all__ = ["available_devices", "choose_device"]


def available_devices() -> tuple[str, ...]:
    """What `choose_device` takes on this machine, the default first."""
    found = ["auto", "cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)


def choose_device(name: str = "auto") -> torch.device:
    """Turn a name into a device; ``auto`` takes CUDA, else MPS, else the CPU.

    Raises
    ------
    WrongUseError
        If this machine has no such device.
    """
    present = available_devices()
    if name not in present:
        msg = f"This machine has no device '{name}'; choose one of {', '.join(present)}."
        raise WrongUseError(msg)
    if name == "auto":
        name = next((d for d in ("cuda", "mps") if d in present), "cpu")
    return torch.device(name)
