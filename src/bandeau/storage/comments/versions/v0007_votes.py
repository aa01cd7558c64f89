"""Who recommends which comment, by which record of the ledger."""

from alembic import op

revision = "0007"
down_revision = "0006"

_TABLES = """
CREATE TABLE vote (
    comment text NOT NULL,
    voter text NOT NULL,
    receipt text NOT NULL,
    time bigint NOT NULL,
    PRIMARY KEY (comment, voter)
);
CREATE INDEX vote_receipt ON vote (receipt);
CREATE INDEX vote_voter ON vote (voter, time, comment);
"""


def upgrade() -> None:
    """Nothing was recommended yet."""
    op.execute(_TABLES)
