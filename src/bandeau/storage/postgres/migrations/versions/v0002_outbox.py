"""The outbox, and a way from a record to the comments that it allowed."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE message (
    id text PRIMARY KEY,
    vendor text NOT NULL,
    url text NOT NULL,
    body bytea NOT NULL,
    created bigint NOT NULL,
    state text NOT NULL,
    attempts integer NOT NULL,
    due bigint NOT NULL,
    status text NOT NULL,
    answered bigint NOT NULL
);
CREATE INDEX message_due ON message (due) WHERE state = 'pending';
CREATE TABLE announced (
    event text NOT NULL,
    pseudonym text NOT NULL,
    site text NOT NULL,
    time bigint NOT NULL,
    purposes text NOT NULL,
    vendor text NOT NULL,
    PRIMARY KEY (event, pseudonym, vendor)
);
CREATE TABLE reading (name text PRIMARY KEY, position bigint NOT NULL);
INSERT INTO reading VALUES ('outbox', 0);
CREATE INDEX comments_receipt ON comments (receipt) WHERE receipt <> ''
"""


def upgrade() -> None:
    """From the ledger alone."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(statement)
