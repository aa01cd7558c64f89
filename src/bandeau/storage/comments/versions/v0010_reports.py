"""Reports of comments, who waits for a decision on them, and the decisions with their reasons."""

from alembic import op

revision = "0010"
down_revision = "0009"

_TABLES = """
CREATE TABLE report (
    id text PRIMARY KEY,
    tag text NOT NULL,
    comment text NOT NULL,
    page text NOT NULL,
    time bigint NOT NULL,
    ground text NOT NULL,
    said text NOT NULL,
    name text NOT NULL,
    email text NOT NULL,
    lang text NOT NULL,
    readers bigint NOT NULL,
    outcome text NOT NULL,
    decided bigint NOT NULL,
    decision text NOT NULL,
    number bigint NOT NULL
);
CREATE UNIQUE INDEX report_tag ON report (tag);
CREATE INDEX report_comment ON report (comment, outcome, time, id);
CREATE INDEX report_decision ON report (decision);
CREATE INDEX report_decided ON report (outcome, decided);
CREATE INDEX report_time ON report (time);
CREATE TABLE reported (
    object text PRIMARY KEY,
    turn bigint NOT NULL,
    since bigint NOT NULL,
    reports bigint NOT NULL,
    readers bigint NOT NULL
);
CREATE INDEX reported_turn ON reported (turn, since, object);
CREATE TABLE decision (
    id text PRIMARY KEY,
    comment text NOT NULL,
    time bigint NOT NULL,
    staff text NOT NULL,
    deed text NOT NULL,
    ground text NOT NULL,
    law text NOT NULL,
    facts text NOT NULL,
    cause text NOT NULL,
    detected bigint NOT NULL,
    waited bigint NOT NULL
);
CREATE INDEX decision_comment ON decision (comment, time, id);
CREATE INDEX decision_time ON decision (time);
"""


def upgrade() -> None:
    """Nothing was reported yet, and no reasons were kept."""
    op.execute(_TABLES)
