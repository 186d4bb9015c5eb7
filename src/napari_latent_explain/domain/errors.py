"""The one family of errors that this package raises on purpose.

Every message is one sentence (or two) that says what was wrong with which input and what to do about it; a
program may show it to a person as it stands.
"""

__all__ = [
    "BundleError",
    "Cancelled",
    "DiscoveryError",
    "ExplanationError",
    "ExportError",
    "LatentExplainError",
    "NotAFundusError",
    "PhotographError",
    "ProjectError",
    "StudyError",
    "TrainingError",
    "WrongUseError",
]


class LatentExplainError(Exception):
    """Something a person can act on; the message says what."""


class PhotographError(LatentExplainError):
    """A file that cannot be read as a photograph."""


class NotAFundusError(PhotographError):
    """A readable picture that does not show a retinal fundus."""


class BundleError(LatentExplainError):
    """A model bundle that is missing, damaged or not what it says it is."""


class ExplanationError(LatentExplainError):
    """A photograph that this model can't explain."""


class DiscoveryError(LatentExplainError):
    """Photographs or a classifier on which no directions can be found."""


class ExportError(LatentExplainError):
    """A result that could not be written."""


class ProjectError(LatentExplainError):
    """A project folder that is damaged, in use, or can't be written."""


class StudyError(LatentExplainError):
    """A study, or a rater's answers, that are damaged, changed, in use, or of another study."""


class TrainingError(LatentExplainError):
    """A training that cannot start or go on."""


class WrongUseError(LatentExplainError):
    """A request that makes no sense: unknown name, impossible value."""


class Cancelled(LatentExplainError):  # noqa: N818 - it is no error of the program, the person asked for it
    """The person asked to stop."""
