"""${message}.

In SQLite a batch makes the table again, without its triggers: make them again after it, as the first revision does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Take the tables here from the revision before. There is no way back: records are never changed."""
    ${upgrades if upgrades else "pass"}
