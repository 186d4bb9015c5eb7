"""Reading back what this program, or somebody, wrote as JSON: whole and of a known version, or one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from napari_latent_explain.domain.frozen import FrozenModel
from napari_latent_explain.domain.plain_file import plain_file
from napari_latent_explain.domain.plain_json import plain_json

if TYPE_CHECKING:
    from pathlib import Path

    from napari_latent_explain.domain import LatentExplainError

__all__ = ["beside_tensors", "read_kept"]

M = TypeVar("M", bound=FrozenModel)


def beside_tensors(content: bytes, key: str) -> Any:
    """Return the JSON that stands under `key` in the metadata of a safetensors file, as plain JSON types.

    Raises
    ------
    ValueError, KeyError, TypeError
        If there is none.
    """
    length = int.from_bytes(content[:8], "little")
    return plain_json(plain_json(content[8 : 8 + length])["__metadata__"][key].encode())


def read_kept(path: Path, kind: type[M], refusal: type[LatentExplainError], advice: str, most: int = 256 * 2**20) -> M:
    """Read a model whose field `format` is 1.

    Parameters
    ----------
    path, kind : pathlib.Path, type
        The file, and what it holds.
    refusal, advice : type, str
        What is raised if it is damaged, and what to do then.
    most : int
        More bytes than these it can't have.

    Raises
    ------
    LatentExplainError
        `refusal`, if it is damaged or of a newer version.
    OSError
        If it can't be read, is larger, or no ordinary file.
    """
    content = plain_file(path, most)
    try:
        tree = plain_json(content)
        newer = isinstance(tree, dict) and tree.get("format", 1) != 1
        kept = None if newer else kind.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "its beginning"
        msg = f"{path} is damaged at '{where}' ({first['msg']}); {advice}."
        raise refusal(msg) from error
    except ValueError as error:
        msg = f"{path} is damaged ({error}); {advice}."
        raise refusal(msg) from error
    if kept is None:
        msg = f"{path} was written by a newer version; update napari-latent-explain to open it."
        raise refusal(msg)
    return kept
