"""A subject's history, and what visitors were shown."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """From schema 1; the records stay as they are."""
    op.execute("DROP INDEX leaf_latest")
    op.execute("CREATE INDEX leaf_history ON leaf (subject, idx) WHERE subject IS NOT NULL")
    op.execute("CREATE TABLE artefact (hash BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT")
