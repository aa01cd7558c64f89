"""The key of the day, under which attempts are counted."""

from alembic import op

revision = "0014"
down_revision = "0013"

_TABLES = """
CREATE TABLE attempt_key (day bigint PRIMARY KEY, key text NOT NULL);
DELETE FROM attempt;
"""


def upgrade() -> None:
    """What was counted under another key is not known again."""
    op.execute(_TABLES)
