"""What an exported photograph is called: not by its file name, which often holds a patient's."""

from __future__ import annotations

from napari_latent_explain.domain import ExportError

__all__ = ["case_folder", "case_label"]

_LONGEST = 64


def case_label(sha256: str, chosen: str = "") -> str:
    """The label of a case: the chosen one, else ``case 3fa94c21``, the first eight digits of the photograph's SHA-256.

    Parameters
    ----------
    sha256 : str
        Hash of the photograph's file.
    chosen : str
        A label of one's own, such as the number of a case in a study; it is exported as it stands.

    Raises
    ------
    ExportError
        If the chosen label is longer than 64 characters or holds some that can't be printed.
    """
    label = chosen.strip()
    if len(label) > _LONGEST or not label.isprintable():
        msg = f"A case label has at most {_LONGEST} printable characters; choose a shorter one."
        raise ExportError(msg)
    return label or f"case {sha256[:8]}"


def case_folder(sha256: str) -> str:
    """Name of the folder of a photograph's results: as `case_label`, with so many digits that two do not meet."""
    return f"case-{sha256[:16]}"
