"""The tables in which answers are kept, the same in a rater's file and in a site's database."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, String, Table, Text

__all__ = ["TABLES", "chains", "log"]

TABLES = MetaData()

chains = Table(
    "chains", TABLES,
    Column("study", String(64), primary_key=True),
    Column("rater", String(40), primary_key=True),
    Column("length", Integer, nullable=False),
    Column("head", String(64), nullable=False),
)  # fmt: skip
"""One row a rater and study: how many records there are, and the last seal; changed in the same transaction as the log."""

log = Table(
    "log", TABLES,
    Column("study", String(64), primary_key=True),
    Column("rater", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("deed", String(20), nullable=False),
    Column("trial", String(20), nullable=False),
    Column("said", Text, nullable=False),
    Column("before", String(64), nullable=False),
    Column("seal", String(64), nullable=False),
)  # fmt: skip
"""The records, as `review.record.Record` has them; rows are added and never changed."""
