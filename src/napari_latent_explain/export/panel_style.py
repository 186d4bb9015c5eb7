"""What a panel style is: a way to lay out exhibits on pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_latent_explain.export.exhibit import Exhibit
    from napari_latent_explain.export.page import Page

__all__ = ["PanelStyle"]


class PanelStyle(Protocol):
    """A layout."""

    def pages(self, exhibits: Sequence[Exhibit]) -> tuple[Page, ...]:
        """Lay out exhibits, in their order; the same exhibits give the same pages.

        Parameters
        ----------
        exhibits : sequence of Exhibit
            At least one.

        Returns
        -------
        tuple of Page
            At least one.
        """
