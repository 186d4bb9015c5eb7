"""Opening a rater's file (SQLite) or a site's database (PostgreSQL), and the lock that keeps a second review out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_latent_explain.review.address import is_address
from napari_latent_explain.review.file_database import open_file
from napari_latent_explain.review.site_database import lock_rater, open_site, read_at_one_moment

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["hold_still", "lock_for", "open_database"]


def open_database(where: Path | str, *, existing: bool = False) -> Connection:
    """Open a file or a database, with its tables made and of this version.

    What is new is made and what is older is brought up to date, in one transaction: if that is interrupted, all is as it was.

    Parameters
    ----------
    where : path or str
        A file, or an address with ``://`` (see `review.address.read_address`).
    existing : bool
        Refuse a file that is not there, or a database that has no tables yet.

    Raises
    ------
    StudyError
        If it is another program's or of a newer version.
    sqlalchemy.exc.SQLAlchemyError, OSError
        If it can't be opened.
    """
    if is_address(where):
        return open_site(str(where), existing=existing)
    return open_file(Path(where), existing=existing)


def lock_for(connection: Connection, study: str, rater: str, place: str) -> None:
    """Keep others from writing this rater's records while the connection is open.

    Raises
    ------
    StudyError
        If somebody has them.
    """
    if connection.dialect.name != "sqlite":  # opening has locked the file
        lock_rater(connection, study, rater, place)


def hold_still(connection: Connection) -> None:
    """Read all that follows, in one transaction, as it is now."""
    if connection.dialect.name != "sqlite":
        read_at_one_moment(connection)
