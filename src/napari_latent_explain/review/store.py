"""One rater's records of one study, on disk before the next key is pressed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pydantic import ValidationError
from sqlalchemy import insert, select, union, update
from sqlalchemy.exc import DBAPIError

from napari_latent_explain.domain import StudyError
from napari_latent_explain.review.address import is_address, place_name
from napari_latent_explain.review.causes import in_one_sentence, is_passing
from napari_latent_explain.review.database import hold_still, lock_for, open_database
from napari_latent_explain.review.record import BEGINNING, Deed, Record, check_chain
from napari_latent_explain.review.schema import chains, log

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue
    from sqlalchemy import Connection

    from napari_latent_explain.review.study import Study

__all__ = ["RatingStore", "in_one_sentence", "rater_file", "read_chain", "utc_now", "write_records"]

_ATTEMPTS = 4


def rater_file(folder: Path, rater: str) -> Path:
    """Where a rater's answers lie in a study's folder."""
    return folder / "raters" / f"{rater}.sqlite"


def utc_now() -> datetime:
    """The time, by the clock of this machine."""
    return datetime.now(UTC)


class RatingStore:
    """The records of one rater, each durable when `append` returns; one window or program at a time.

    Made by `open`; end it with `close`. In a file: SQLite with a rollback journal, flushed to the disk at every record, under
    a lock that goes with its process. In a database: one transaction a record, under a lock that goes with its connection; when
    that is lost, the store stays closed, for another review may have begun meanwhile.

    Parameters
    ----------
    place : str
        What to call it in messages.
    """

    def __init__(
        self,
        connection: Connection,
        place: str,
        study: str,
        rater: str,
        records: list[Record],
        now: Callable[[], datetime],
        file: Path | None = None,
    ) -> None:
        self.place, self.study, self.rater = place, study, rater
        self._connection, self._records, self._now = connection, records, now
        self._file, self._identity = file, _identity(file)

    @classmethod
    def open(cls, where: Path | str, study: Study, rater: str, *, now: Callable[[], datetime] = utc_now) -> Self:
        """Open a rater's records, or begin them.

        Parameters
        ----------
        where : path or str
            A file, or the address of a database, such as ``postgresql+pg8000://user@host/name``.
        study, rater : Study, str
            Whose they are.
        now : callable
            The clock.

        Raises
        ------
        StudyError
            If they are open elsewhere, changed, cut short, of another study or a newer version, or can't be written, or if the
            study does not know the rater.
        """
        if study.raters and rater not in study.raters:
            msg = f"'{rater}' takes no part in this study; its raters are {', '.join(study.raters)}."
            raise StudyError(msg)
        place = place_name(where)
        with in_one_sentence(place):
            connection = open_database(where)
            try:
                lock_for(connection, study.sha256, rater, place)
                records = _chain(connection, study.sha256, rater, place)
                connection.commit()
            except BaseException:
                connection.close()
                connection.engine.dispose()
                raise
        return cls(connection, place, study.sha256, rater, records, now, None if is_address(where) else Path(where))

    @property
    def records(self) -> tuple[Record, ...]:
        """All records, the oldest first."""
        return tuple(self._records)

    @property
    def head(self) -> str:
        """The last seal: whoever has it can tell whether anything before it was changed."""
        return self._records[-1].seal if self._records else BEGINNING

    def append(self, deed: Deed, trial: str = "", **said: JsonValue) -> Record:
        """Write a record; when this returns, it outlives a kill and a power cut.

        Raises
        ------
        StudyError
            If there is no room or the place is gone; the earlier records are as they were. Nothing was written, unless the
            connection was lost: then it may have been, and must be opened again to see. A file that was deleted or replaced
            ends the review.
        """
        if self._connection.closed or self._connection.invalidated:
            msg = f"{self.place} is not connected any more; open the review again."
            raise StudyError(msg)
        record = Record(
            study=self.study, rater=self.rater, number=len(self._records) + 1, at=self._now().astimezone(UTC), deed=deed,
            trial=trial, said=said, before=self.head,
        ).sealed()  # fmt: skip
        with in_one_sentence(self.place):
            self._write(record)
        if _identity(self._file) != self._identity:  # it is written, into a file that nobody will find any more
            msg = f"{self.place} was deleted or replaced during the review; put it back, from the waste bin or its backup."
            self.close()
            raise StudyError(msg)
        self._records.append(record)
        return record

    def _write(self, record: Record) -> None:
        """Write it, again if the server gave it up for the sake of others."""
        for attempt in range(_ATTEMPTS):
            try:
                with self._connection.begin():
                    write_records(self._connection, [record])
            except DBAPIError as error:
                if attempt + 1 == _ATTEMPTS or not is_passing(error):
                    raise
            else:
                return

    def close(self) -> None:
        """Let go of file or database. Safe to call twice."""
        self._connection.close()
        self._connection.engine.dispose()


def _identity(file: Path | None) -> tuple[int, int] | None:
    """What tells a file from another of the same name; nothing if there is none."""
    try:
        told = file.stat() if file is not None else None
    except OSError:
        return None
    return (told.st_dev, told.st_ino) if told is not None else None


def write_records(connection: Connection, records: list[Record]) -> None:
    """Add records that follow each other to a chain that they continue, in the transaction that runs."""
    if not records:
        return
    first, last = records[0], records[-1]
    rows = [
        record.model_dump(mode="json") | {"said": json.dumps(record.said, sort_keys=True, ensure_ascii=False)}
        for record in records
    ]
    if first.number == 1:
        start = {"study": first.study, "rater": first.rater, "length": len(records), "head": last.seal}
        connection.execute(insert(chains), [start])
    else:
        mine = (chains.c.study == first.study) & (chains.c.rater == first.rater) & (chains.c.head == first.before)
        moved = connection.execute(update(chains).where(mine).values(length=last.number, head=last.seal))
        if moved.rowcount != 1:
            msg = f"The records of '{first.rater}' were continued elsewhere meanwhile; close and open the review again."
            raise StudyError(msg)
    connection.execute(insert(log), rows)


def read_chain(where: Path | str, study: str | None = None) -> tuple[tuple[Record, ...], ...]:
    """Read and check every rater's records in a file or database, the raters in alphabetical order.

    Parameters
    ----------
    where : path or str
        As of `RatingStore.open`.
    study : str, optional
        Hash of the study they must be of; other studies of a database are passed over, but a file with no records of it is
        refused.

    Raises
    ------
    StudyError
        If it can't be read, is in use, or its records were changed, cut short, or belong to another study.
    """
    place = place_name(where)
    with in_one_sentence(place):
        connection = open_database(where, existing=True)
        try:
            hold_still(connection)
            pairs = (select(table.c.rater, table.c.study) for table in (chains, log))
            rows = sorted(connection.execute(union(*pairs)).all())
            wanted = [row for row in rows if study is None or row.study == study]
            if rows and not wanted:
                msg = f"The answers in {place} were given in another study, or with another model's pictures."
                raise StudyError(msg)
            return tuple(tuple(_chain(connection, row.study, row.rater, place)) for row in wanted)
        finally:
            connection.close()
            connection.engine.dispose()


def _chain(connection: Connection, study: str, rater: str, place: str) -> list[Record]:
    """Read one chain, checked against the length and the seal that were written beside it."""
    query = select(log).order_by(log.c.number)
    foreign = (
        connection.dialect.name == "sqlite"
        and connection.execute(
            select(chains.c.study).where((chains.c.study != study) & (chains.c.rater == rater))
        ).first()
    )
    rows = connection.execute(query.where((log.c.study == study) & (log.c.rater == rater))).all()
    end = connection.execute(select(chains).where((chains.c.study == study) & (chains.c.rater == rater))).one_or_none()
    if foreign and not rows:
        msg = f"The answers in {place} were given in another study, or with another model's pictures; open that study."
        raise StudyError(msg)
    try:
        records = [Record.model_validate(dict(row._mapping) | {"said": json.loads(row.said)}) for row in rows]  # noqa: SLF001
    except (ValidationError, ValueError, RecursionError) as error:
        msg = f"The answers in {place} are damaged; take it from its backup."
        raise StudyError(msg) from error
    head = check_chain(records, study, rater, place)
    if (end is None) != (not records) or (end is not None and (end.length, end.head) != (len(records), head)):
        msg = f"The answers in {place} were cut short: its last records are missing; take it from its backup."
        raise StudyError(msg)
    return records
