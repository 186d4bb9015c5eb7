"""What a graphics processor has too little memory for is done again by the main processor. No Qt here."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from napari_latent_explain._qt import verbs

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FULL", "FULL_MEMORY", "GAVE_WAY", "giving_way"]

FULL = "The graphics processor is full: going on with the main processor"
FULL_MEMORY = "The memory of the graphics processor is full"
GAVE_WAY = f"{FULL_MEMORY}, so that the main processor was used instead."
T = TypeVar("T")


def giving_way(device: str, work: Callable[[str], T], again: Callable[[], None]) -> T:
    """Do work on a device; on the main processor, after `again`, if that is not it and its memory is full."""
    try:
        return work(device)
    except Exception as error:
        if device == "cpu" or not verbs.is_out_of_memory(error):
            raise
    again()  # what stood on the graphics processor was let go with the error
    return work("cpu")
