"""What files and servers complain of, said in one sentence."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from napari_latent_explain.domain import StudyError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["code_of", "in_one_sentence", "is_lost", "is_passing", "sentence"]

_LOST = "lost its connection; what was kept before is safe. Open the review again and look whether the last answer is there."
_FULL = "can't take the answer: there is no room left. Make room and answer again; what was kept before is safe."
_UNREADABLE = "can't be written; ask for the right to write there, or copy the study."

_CODES: tuple[tuple[str, str], ...] = (  # PostgreSQL's, or their beginnings: its words come in the server's language
    ("28", "refuses this user or password."),
    ("3D000", "is not there: the server has no database of this name."),
    ("42501", "does not give this user the right to do that; ask whoever looks after the database."),
    ("25006", _UNREADABLE),
    ("53300", "has no connection left for another review; try again later."),
    ("53100", _FULL),
    ("40", "is changed by too many at once; nothing was written, answer again."),
    ("55P03", "is held by reviews that are open there; close them, or try again later."),
    ("57014", "takes too long; nothing was written, answer again."),
    ("57P03", "is starting or stopping; try again in a minute."),
    ("57P", _LOST),
    ("08", _LOST),
    ("23505", "holds records that were continued elsewhere meanwhile; close and open the review again."),
)

_WORDS: tuple[tuple[str, str], ...] = (
    ("append only", "keeps what was said: records can't be changed or deleted."),
    ("Can't create a connection", "can't be reached; look whether the server runs and its address is right."),
    ("communication error", "can't be reached; look whether the server runs and its address is right."),
    ("Server refuses SSL", "offers no encryption; add ?sslmode=disable to its address if the network is your own."),
    ("CERTIFICATE_VERIFY_FAILED", "has a certificate that is not trusted; name the right one by ?sslrootcert=."),
    ("network error", _LOST),
    ("connection is closed", _LOST),
    ("timed out", _LOST),
    ("Broken pipe", _LOST),
    ("Connection reset", _LOST),
    ("database is locked", "is open in another review; close it there, or wait until it is done."),
    ("UNIQUE constraint", "holds records that were continued elsewhere meanwhile; close and open the review again."),
    ("database or disk is full", _FULL),
    ("No space left", _FULL),
    ("readonly", _UNREADABLE),
    ("unable to open", "can't be opened; look whether the folder is there and can be written."),
    ("not a database", "holds no answers, or is damaged; take it from its backup."),
    ("malformed", "is damaged; take it from its backup."),
)


def _payload(error: BaseException | None) -> dict[str, Any]:
    """What PostgreSQL said, by its field letters; pg8000 hands it on as it came."""
    args = getattr(error, "args", ())
    return args[0] if args and isinstance(args[0], dict) else {}


def code_of(error: BaseException | None) -> str:
    """SQLSTATE of what a driver raised, empty if it has none."""
    return str(_payload(error).get("C", ""))


def is_lost(error: BaseException | None) -> bool:
    """Whether what a driver raised means that the connection is gone."""
    return sentence("", error).strip() == _LOST


def is_passing(error: DBAPIError) -> bool:
    """Whether the server gave a transaction up, unwritten, only for the sake of others."""
    return code_of(error.orig) in ("40001", "40P01")


def sentence(place: str, error: BaseException | None) -> str:
    """Say in one sentence what a driver raised."""
    code = code_of(error)
    words = str(_payload(error).get("M") or error)
    for beginning, says in _CODES:
        if code and code.startswith(beginning):
            return f"{place} {says}"
    for word, says in _WORDS:
        if word in words:
            return f"{place} {says}"
    first = words.strip().splitlines()[0] if words.strip() else "no reason given"
    return f"{place} can't be used ({first}); nothing that was kept before is lost."


@contextmanager
def in_one_sentence(place: str) -> Iterator[None]:
    """Turn what databases raise into one sentence.

    Raises
    ------
    StudyError
        In their stead.
    """
    try:
        yield
    except DBAPIError as error:
        raise StudyError(sentence(place, error.orig)) from error
    except (SQLAlchemyError, OSError) as error:
        raise StudyError(sentence(place, error)) from error
    except UnicodeDecodeError as error:  # what SQLite quotes of a damaged file need not be text
        raise StudyError(sentence(place, ValueError("malformed"))) from error
