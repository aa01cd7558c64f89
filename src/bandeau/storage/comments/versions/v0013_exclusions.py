"""Decisions on authors, beside those on comments."""

from alembic import op

revision = "0013"
down_revision = "0012"

_COLUMNS = """
ALTER TABLE decision ADD COLUMN author text NOT NULL DEFAULT '';
ALTER TABLE decision ADD COLUMN until bigint NOT NULL DEFAULT 0;
CREATE INDEX decision_author ON decision (author, time, id) WHERE author <> '';
"""


def upgrade() -> None:
    """No reasons of earlier suspensions and bans were kept."""
    op.execute(_COLUMNS)
