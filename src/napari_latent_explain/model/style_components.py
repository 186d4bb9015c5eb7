"""Independent components of the styles of real eyes: a few more coordinates of S, each a joint change of all styles.

Light, pigment or the place of the disc show in hundreds of styles at once, and one style serves several of them. What varies
independently among eyes can be told apart from how it is distributed (independent component analysis; Hyvarinen and Oja,
Neural Networks 2000, section 3), without any label. A code then holds the values of the components and, of each style, what
the components don't say, so that every picture has the code that it had, in other coordinates.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["StyleComponents"]


class StyleComponents(nn.Module):
    """K components of n styles. Until they are fitted all are 0 and do nothing.

    `directions` (K, n): what a component of 1 adds to the styles; 1 is its standard deviation among the eyes it was fitted to.
    `readings` (K, n) and `offsets` (K,): the value of a component is ``styles @ reading + offset``.
    """

    directions: Tensor
    readings: Tensor
    offsets: Tensor

    def __init__(self, count: int, styles: int) -> None:
        super().__init__()
        self.register_buffer("directions", torch.zeros(count, styles))
        self.register_buffer("readings", torch.zeros(count, styles))
        self.register_buffer("offsets", torch.zeros(count))

    @property
    def fitted(self) -> bool:
        """Whether they do anything."""
        return bool((self.directions != 0).any())

    def split(self, styles: Tensor) -> Tensor:
        """Styles (N, n) to what is left of them and, behind it, the values of the components: (N, n + K)."""
        values = styles @ self.readings.T + self.offsets
        return torch.cat([styles - values @ self.directions, values], dim=1)

    def joined(self, both: Tensor) -> Tensor:
        """The inverse of `split`, whatever the values of the components: (N, n + K) to styles (N, n)."""
        count, n = self.directions.shape
        rest, values = both.split([n, count], dim=1)
        styles: Tensor = rest + values @ self.directions
        return styles

    def settled(self, code: Tensor) -> Tensor:
        """Codes (N, n + K + anything) of the same pictures, their components read off the styles again."""
        count = sum(self.directions.shape)
        return torch.cat([self.split(self.joined(code[:, :count])), code[:, count:]], dim=1)
