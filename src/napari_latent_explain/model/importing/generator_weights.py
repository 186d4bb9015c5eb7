"""The generator in a checkpoint: its tensors by dotted name, and the plain attributes of its modules."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_latent_explain.model.importing.allowed_names import PersistentModule
from napari_latent_explain.model.importing.refusal import shown
from napari_latent_explain.model.importing.stored_tensor import StoredTensor

if TYPE_CHECKING:
    from torch import Tensor

    from napari_latent_explain.model.importing.budget import Budget
    from napari_latent_explain.model.importing.refusal import Checkpoint

__all__ = ["GeneratorWeights", "find_generator"]

_KEYS = ("G_ema", "g_ema", "G", "g")  # running averages of the weights draw better than the last weights
_MODULES = 5_000
_DEEPEST = 16
_ATTRIBUTES = (str, int, float, type(None))


@dataclass(eq=False)
class GeneratorWeights:
    """What a checkpoint says of its generator.

    `tensors` by dotted name (``synthesis.b8.conv0.weight``), `attributes` by the dotted name of a module and their own
    (``synthesis.b8.conv0.conv_clamp``; none in a state dict), `class_name` of the generator where it is told, `key` where it
    was found, and `average`, the mean of W where that lies beside the generator. What has been asked for is in `read`.
    """

    budget: Budget
    key: str
    tensors: dict[str, StoredTensor] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    class_name: str = ""
    average: StoredTensor | None = None
    read: set[str] = field(default_factory=set)

    @property
    def checkpoint(self) -> Checkpoint:
        """The file."""
        return self.budget.checkpoint

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor.

        Raises
        ------
        BundleError
            If there is none of that name.
        """
        if name not in self.tensors:
            raise self.checkpoint.unsupported(
                f"lacks the weight {name} of a StyleGAN2 skip generator; only that architecture can be imported."
            )
        return self.tensors[name].size

    def tensor(self, name: str, shape: tuple[int, ...]) -> Tensor:
        """One tensor, float32, of a known shape (sides of 1 do not count).

        Raises
        ------
        BundleError
            If there is none, or it has another shape.
        """
        found = self.shape(name)
        if [side for side in found if side != 1] != [side for side in shape if side != 1]:
            raise self.checkpoint.unsupported(
                f"has the weight {name} in the shape {shown(found)}, where the other weights ask for {shape}; it is no "
                f"StyleGAN2 skip generator that can be imported."
            )
        self.read.add(name)
        return self.tensors[name].read(name, self.budget).reshape(shape)

    def left(self) -> list[str]:
        """Names that nothing asked for, in order."""
        return sorted(set(self.tensors) - self.read)


def _gather(module: PersistentModule, weights: GeneratorWeights) -> None:
    """Tensors and attributes of a module and of those in it."""
    seen, waiting = 0, [("", module)]
    while waiting:
        prefix, found = waiting.pop()
        seen += 1
        if seen > _MODULES or prefix.count(".") > _DEEPEST:
            raise weights.checkpoint.too_large("modules in modules without end")
        for kind in ("_parameters", "_buffers"):
            for name, value in _mapping(found.attribute(kind), weights).items():
                if isinstance(value, StoredTensor):
                    weights.tensors[prefix + name] = value
        for name, value in found.state.items():
            weights.budget.step()
            if isinstance(name, str) and not name.startswith("_") and isinstance(value, _ATTRIBUTES):
                weights.attributes[prefix + name] = value
        for name, value in _mapping(found.attribute("_modules"), weights).items():
            if isinstance(value, PersistentModule):
                waiting.append((f"{prefix}{name}.", value))


def _mapping(value: Any, weights: GeneratorWeights) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise weights.checkpoint.damaged("a module's parts have no names")
    for key in value:
        weights.budget.step()  # parts may be shared, and are then walked again and again
        if not isinstance(key, str) or len(key) > 100:
            raise weights.checkpoint.damaged("a module's parts have no names")
    return value


def find_generator(tree: Any, budget: Budget) -> GeneratorWeights:
    """Find the generator in what `read_checkpoint` gave.

    Parameters
    ----------
    tree : object
        A mapping with a generator at ``G_ema``, ``g_ema``, ``G`` or ``g`` (in this order), or a generator alone: a pickled
        module, or a state dict.
    budget : Budget
        What making its tensors may cost.

    Raises
    ------
    BundleError
        If there is none.
    """
    key = next((key for key in _KEYS if isinstance(tree, dict) and tree.get(key) is not None), "")
    found = tree[key] if key else tree
    weights = GeneratorWeights(budget, key)
    if isinstance(found, PersistentModule):
        weights.class_name = found.class_name
        _gather(found, weights)
    elif isinstance(found, dict):
        weights.tensors = {
            name: value for name, value in found.items() if isinstance(name, str) and isinstance(value, StoredTensor)
        }
    if not weights.tensors:
        raise budget.checkpoint.unsupported(
            "holds no generator: neither G_ema, as stylegan2-ada-pytorch saves it, nor g_ema, as rosinality's program does."
        )
    average = tree.get("latent_avg") if key and isinstance(tree, dict) else None
    weights.average = average if isinstance(average, StoredTensor) else None
    return weights
