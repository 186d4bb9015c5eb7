"""The tables of records, and what keeps them append only in the database itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_SQLITE = (
    "CREATE TRIGGER log_{deed} BEFORE {deed} ON log "
    "BEGIN SELECT RAISE(ABORT, 'the log is append only'); END"
)  # fmt: skip

_POSTGRESQL = """
CREATE FUNCTION latent_explain_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the log is append only';
END $$;

CREATE FUNCTION latent_explain_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.study, NEW.rater) <> (OLD.study, OLD.rater) OR NEW.length <= OLD.length THEN
        RAISE EXCEPTION 'the log is append only: a chain only grows';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION latent_explain_follow() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NEW.number < 1 OR NEW.number > 1 AND NOT EXISTS (
        SELECT FROM log WHERE study = NEW.study AND rater = NEW.rater AND number = NEW.number - 1 AND seal = NEW.before
    ) THEN
        RAISE EXCEPTION 'the log is append only: a record follows the one before';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION latent_explain_agree() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM chains JOIN log USING (study, rater)
        WHERE study = NEW.study AND rater = NEW.rater AND number = length AND seal = head
    ) OR EXISTS (
        SELECT FROM chains JOIN log USING (study, rater)
        WHERE study = NEW.study AND rater = NEW.rater AND number > length
    ) THEN
        RAISE EXCEPTION 'the log is append only: it and its chain change together';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER log_keep BEFORE UPDATE OR DELETE OR TRUNCATE ON log EXECUTE FUNCTION latent_explain_refuse();
CREATE TRIGGER chains_keep BEFORE DELETE OR TRUNCATE ON chains EXECUTE FUNCTION latent_explain_refuse();
CREATE TRIGGER chains_grow BEFORE UPDATE ON chains FOR EACH ROW EXECUTE FUNCTION latent_explain_move();
CREATE TRIGGER log_follow BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION latent_explain_follow();
CREATE CONSTRAINT TRIGGER log_agrees AFTER INSERT ON log DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION latent_explain_agree();
CREATE CONSTRAINT TRIGGER chains_agrees AFTER INSERT OR UPDATE ON chains DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION latent_explain_agree()
"""


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "chains",
        sa.Column("study", sa.String(64), primary_key=True),
        sa.Column("rater", sa.String(40), primary_key=True),
        sa.Column("length", sa.Integer, nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
    )
    op.create_table(
        "log",
        sa.Column("study", sa.String(64), primary_key=True),
        sa.Column("rater", sa.String(40), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("deed", sa.String(20), nullable=False),
        sa.Column("trial", sa.String(20), nullable=False),
        sa.Column("said", sa.Text, nullable=False),
        sa.Column("before", sa.String(64), nullable=False),
        sa.Column("seal", sa.String(64), nullable=False),
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for deed in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(_SQLITE.format(deed=deed))
        return
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    connection.exec_driver_sql(_POSTGRESQL.format(schema=schema))
