"""The ledger's first form."""

from alembic import op

revision = "0001"
down_revision = None

# Every value is typed strictly and has one place, so that verification can account for each byte.
_TABLES = """
CREATE TABLE leaf (
    idx INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    subject BLOB,
    body BLOB,
    salt BLOB,
    commitment BLOB NOT NULL,
    next INTEGER
) STRICT;
CREATE INDEX leaf_latest ON leaf (subject) WHERE subject IS NOT NULL AND next IS NULL;
CREATE TABLE tile (
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
"""


def upgrade() -> None:
    """From an empty file."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(statement.rstrip(";"))
