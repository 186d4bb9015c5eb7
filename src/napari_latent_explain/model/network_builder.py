"""Building a network that is known by name alone: from trusted packages, with plain arguments, and no larger than it may be.

A name is looked up in a package that is trusted and has to be a network's class, or a function that builds one, of that very
package: what a module has merely imported (a downloader, a reader of pickles) is not to be had through it.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
from typing import TYPE_CHECKING, Any

from torch import nn

from napari_latent_explain.domain import BundleError
from napari_latent_explain.model.bounded_making import BoundedMaking

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

__all__ = ["TRUSTED", "build_network", "numbers_for"]

TRUSTED = ("monai.networks.nets", "torchvision.models", "timm", "napari_latent_explain.model.classifier")
_TRUST_VARIABLE = "LATENT_EXPLAIN_TRUST"
_BUILDERS = re.compile(  # functions that give a network; of other functions nothing good can come
    r"timm\.create_model|torchvision\.models\.(?!get_|list_)[a-z]\w*|monai\.networks\.nets\.(?!get_)[A-Za-z]\w*"
    r"|napari_latent_explain\.model\.classifier\.lite_backbone"
)
_ELSEWHERE = {"pretrained", "weights", "checkpoint", "url", "file", "filename", "dir", "cache", "download", "hub"}
_NAMES_A_PLACE = re.compile(r"[:/\\]")
_BESIDE = 2**20  # numbers that are made and not kept
_MOST_NUMBERS = 2**29  # 2 GiB of float32: as much as the file of the weights may have


def numbers_for(weights: Mapping[str, Tensor]) -> int:
    """How many numbers a network may have that is to take these weights."""
    return sum(value.numel() for value in weights.values()) + _BESIDE


def build_network(target: str, arguments: Mapping[str, Any], numbers: int = _MOST_NUMBERS) -> nn.Module:
    """Build a network by the name of its class or of a function.

    Parameters
    ----------
    target : str
        Dotted name, in a package of `TRUSTED` or of the environment variable ``LATENT_EXPLAIN_TRUST``.
    arguments : mapping
        Plain keyword arguments. Of the packages of `TRUSTED`, none may ask for weights from elsewhere: those are in the bundle.
    numbers : int
        How many the network may have.

    Raises
    ------
    BundleError
        If the name is not of a trusted package, does not exist, or does not give a `torch.nn.Module` with these arguments.
    """
    builder, trusted_here = _builder(target)
    arguments = dict(arguments)
    if trusted_here:
        _refuse_places(target, arguments)
        if "pretrained" in inspect.signature(builder).parameters:
            arguments.setdefault("pretrained", False)
    try:
        with BoundedMaking(numbers):
            network = builder(**arguments)
    except Exception as error:
        why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        msg = f"'{target}' can't be built with the arguments {str(dict(arguments))[:200]}: {why}"
        raise BundleError(msg) from error
    if not isinstance(network, nn.Module):
        msg = f"'{target}' gives a {type(network).__name__}, not a torch network; name the class of the network."
        raise BundleError(msg)
    return network


def _builder(target: str) -> tuple[Callable[..., Any], bool]:
    """Find a builder, and tell whether its package is one of `TRUSTED`."""
    named = os.environ.get(_TRUST_VARIABLE, "")
    packages = TRUSTED + tuple(name.strip() for name in named.split(",") if name.strip())
    package = next((name for name in packages if target.startswith(f"{name}.")), None)
    if package is None:
        msg = (
            f"The classifier is built by {ascii(target)[:100]}, which is in none of {', '.join(TRUSTED)}; if you trust that "
            f"package, put its name into the environment variable {_TRUST_VARIABLE}."
        )
        raise BundleError(msg)
    module_name, _, name = target.rpartition(".")
    try:
        found = getattr(importlib.import_module(module_name), name)
    except (ImportError, AttributeError, ValueError) as error:
        msg = f"There is no {ascii(target)[:100]} here ({error}); install the package that holds it."
        raise BundleError(msg) from error
    own = f"{getattr(found, '__module__', '')}.".startswith(f"{package}.")
    a_network = isinstance(found, type) and issubclass(found, nn.Module)
    a_function = inspect.isfunction(found) and (package not in TRUSTED or _BUILDERS.fullmatch(target) is not None)
    if not (own and (a_network or a_function)):
        msg = f"{ascii(target)[:100]} is not a torch network of {package}; name the class of the network."
        raise BundleError(msg)
    return found, package in TRUSTED


def _refuse_places(target: str, arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that would have a file read or something downloaded."""
    for name, value in arguments.items():
        words = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
        asks = bool(value) and _ELSEWHERE & set(name.lower().split("_"))
        if asks or any(_NAMES_A_PLACE.search(word) for word in words):
            msg = (
                f"{name}={ascii(value)[:60]} would have '{target}' fetch something from elsewhere; leave it out: the weights are "
                f"in the file."
            )
            raise BundleError(msg)
