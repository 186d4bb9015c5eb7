"""How the style coordinates of a generator lie side by side in one flat vector."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

__all__ = ["StyleLayer", "StyleLayout"]


@dataclass(frozen=True)
class StyleLayer:
    """One modulated convolution: its name (``b32.conv1``), and how many input channels a style scales."""

    name: str
    channels: int


@dataclass(frozen=True)
class StyleLayout:
    """The whole style space S (Wu et al., CVPR 2021, section 3): every layer's styles in the order of synthesis.

    A style code is a flat (N, `size`) float32 tensor; this says which column is which layer's which channel.
    """

    layers: tuple[StyleLayer, ...]

    @property
    def size(self) -> int:
        """Number of style coordinates."""
        return sum(layer.channels for layer in self.layers)

    @property
    def split_sizes(self) -> list[int]:
        """Channels of each layer, for `torch.split`."""
        return [layer.channels for layer in self.layers]

    @cached_property
    def offsets(self) -> dict[str, int]:
        """First column of each layer."""
        offsets, start = {}, 0
        for layer in self.layers:
            offsets[layer.name] = start
            start += layer.channels
        return offsets

    def column(self, layer: str, channel: int) -> int:
        """Column of one coordinate.

        Raises
        ------
        KeyError
            If there is no such layer.
        IndexError
            If the layer has no such channel.
        """
        channels = next((item.channels for item in self.layers if item.name == layer), None)
        if channels is None:
            raise KeyError(layer)
        if not 0 <= channel < channels:
            msg = f"layer {layer} has {channels} channels, not {channel + 1}"
            raise IndexError(msg)
        return self.offsets[layer] + channel

    def coordinate(self, column: int) -> tuple[str, int]:
        """Layer and channel of one column: the inverse of `column`."""
        if not 0 <= column < self.size:
            raise IndexError(column)
        for layer in self.layers:
            if column < layer.channels:
                return layer.name, column
            column -= layer.channels
        raise AssertionError  # unreachable: the sizes add up
