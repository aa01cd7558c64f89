"""No statement joins the log with the content, and none locks a table."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """A subject's records are found in the log; sightings are joined in turn by a row's lock."""
    op.execute("CREATE INDEX leaf_subject ON leaf (subj) WHERE subj IS NOT NULL")
    op.execute("INSERT INTO reading VALUES ('sightings', 0)")
