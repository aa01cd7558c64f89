"""All tables: the ledger as partitions by month, and what is kept beside it."""

from alembic import op

revision = "0001"
down_revision = None

# PostgreSQL 15, Citus and YugabyteDB have all of this in common: no sequence, no foreign key, and
# no unique key without the subject, by which the content can be distributed.
_TABLES = """
CREATE TABLE consent (
    subj bytea NOT NULL,
    rid uuid NOT NULL,
    body bytea NOT NULL,
    salt bytea NOT NULL,
    PRIMARY KEY (subj, rid)
) PARTITION BY RANGE (rid);
CREATE TABLE consent_rest PARTITION OF consent DEFAULT;
CREATE TABLE inbox (
    rid uuid NOT NULL,
    subj bytea NOT NULL,
    kind text NOT NULL,
    moment bigint NOT NULL,
    before bytea NOT NULL,
    after bytea NOT NULL,
    erases text NOT NULL,
    artefacts bytea[] NOT NULL,
    PRIMARY KEY (rid, subj)
);
CREATE TABLE leaf (
    log integer NOT NULL,
    seq bigint NOT NULL,
    rid uuid,
    tag bytea,
    subj bytea,
    commitment bytea NOT NULL,
    next bigint,
    PRIMARY KEY (log, seq)
);
CREATE INDEX leaf_rid ON leaf (rid);
CREATE INDEX leaf_tag ON leaf (tag) WHERE tag IS NOT NULL;
CREATE INDEX leaf_latest ON leaf (subj) WHERE subj IS NOT NULL AND next IS NULL;
CREATE TABLE tile (
    log integer NOT NULL,
    level integer NOT NULL,
    idx bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (log, level, idx)
);
CREATE TABLE checkpoint (
    log integer NOT NULL,
    size bigint NOT NULL,
    note bytea NOT NULL,
    PRIMARY KEY (log, size)
);
CREATE TABLE artefact (hash bytea PRIMARY KEY, data bytea NOT NULL);
CREATE TABLE lease (
    log integer PRIMARY KEY,
    epoch bigint NOT NULL,
    size bigint NOT NULL,
    holder text NOT NULL,
    until timestamptz NOT NULL
);
CREATE TABLE keyring (name text PRIMARY KEY, content text NOT NULL);
CREATE TABLE comments (
    id text PRIMARY KEY,
    page text NOT NULL,
    name text NOT NULL,
    html text NOT NULL,
    time bigint NOT NULL,
    reply_to text,
    receipt text NOT NULL
);
CREATE INDEX comments_page_time ON comments (page, time, id);
CREATE TABLE sightings (
    kind text NOT NULL,
    name text NOT NULL,
    teller text NOT NULL,
    place text NOT NULL,
    page text NOT NULL,
    first_day text NOT NULL,
    last_day text NOT NULL,
    days integer NOT NULL,
    times bigint NOT NULL,
    PRIMARY KEY (kind, name)
);
"""


def upgrade() -> None:
    """From nothing."""
    for statement in _TABLES.strip().split(";\n"):
        op.execute(statement.rstrip(";"))
