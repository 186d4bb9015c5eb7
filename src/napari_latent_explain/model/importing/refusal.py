"""Why a checkpoint is refused, said in one sentence about one file."""

from __future__ import annotations

from dataclasses import dataclass

from napari_latent_explain.domain import BundleError

__all__ = ["Checkpoint", "shown"]

_SHOWN = 80


def shown(name: object) -> str:
    """Something that a file says, fit for a sentence: one line, ASCII, not long."""
    text = ascii(name)[1:-1] if isinstance(name, str) else ascii(name)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


@dataclass(frozen=True)
class Checkpoint:
    """The name of the file that is read; makes the errors that name it."""

    name: str

    def asks_for(self, what: str) -> BundleError:
        """The file wants something done that no checkpoint of a StyleGAN2 needs."""
        return BundleError(
            f"{self.name} asks for {what}, which no StyleGAN2 checkpoint needs; nothing in it was run, and it is refused: get "
            f"it again from where it was published."
        )

    def damaged(self, how: str) -> BundleError:
        """The file is not whole, or not what it says."""
        return BundleError(f"{self.name} is damaged or not a checkpoint ({how}); nothing in it was run: copy it again.")

    def too_large(self, what: str) -> BundleError:
        """The file claims more than any checkpoint of a StyleGAN2 has."""
        return BundleError(f"{self.name} claims {what}, more than any StyleGAN2 checkpoint has; it is refused.")

    def unsupported(self, why: str) -> BundleError:
        """The file is a checkpoint, but of something that can't be imported."""
        return BundleError(f"{self.name} {why}")
