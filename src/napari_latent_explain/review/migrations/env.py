"""Runs migrations in the transaction of a connection that is open already; alembic reads this file."""

from __future__ import annotations

from alembic import context

from napari_latent_explain.review.revision import REVISION_TABLE
from napari_latent_explain.review.schema import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    version_table=REVISION_TABLE,
    render_as_batch=True,  # SQLite changes a table by making it again
)
context.run_migrations()
