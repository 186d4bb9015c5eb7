"""What goes wrong between this program and an archive."""

from napari_latent_explain.domain import LatentExplainError

__all__ = ["AnswerError", "ArchiveError", "UnreachableError"]


class ArchiveError(LatentExplainError):
    """An archive that can't be used: not there, not one, not for this person, or not spoken to safely."""


class UnreachableError(ArchiveError):
    """A connection that was refused, lost or silent, or an archive that says it is busy: trying again may help."""


class AnswerError(ArchiveError):
    """One answer that can't be used: too large, too slow, or not what was asked for; others may be."""
