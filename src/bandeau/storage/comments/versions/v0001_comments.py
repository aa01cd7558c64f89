"""Comments as they were first kept."""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE IF NOT EXISTS comments (
    id text PRIMARY KEY,
    page text NOT NULL,
    name text NOT NULL,
    html text NOT NULL,
    time bigint NOT NULL,
    reply_to text,
    receipt text NOT NULL
);
CREATE INDEX IF NOT EXISTS comments_page_time ON comments (page, time, id);
"""


def upgrade() -> None:
    """A PostgreSQL database has the table already, from the schema of its ledger."""
    op.execute(_TABLES)
