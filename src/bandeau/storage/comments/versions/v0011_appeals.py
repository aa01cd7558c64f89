"""Appeals against decisions on comments."""

from alembic import op

revision = "0011"
down_revision = "0010"

_TABLES = """
CREATE TABLE appeal (
    id text PRIMARY KEY,
    decision text NOT NULL,
    comment text NOT NULL,
    report text NOT NULL,
    time bigint NOT NULL,
    said text NOT NULL,
    ruling text NOT NULL,
    decided bigint NOT NULL,
    staff text NOT NULL,
    answer text NOT NULL
);
CREATE UNIQUE INDEX appeal_decision ON appeal (decision, report);
CREATE INDEX appeal_comment ON appeal (comment);
CREATE INDEX appeal_report ON appeal (report);
CREATE INDEX appeal_ruling ON appeal (ruling, time, id);
"""


def upgrade() -> None:
    """Nobody has appealed yet."""
    op.execute(_TABLES)
