"""Authors, what was posted lately, staff with their sessions, and what they did."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLES = """
CREATE TABLE author (
    id text PRIMARY KEY,
    tag text NOT NULL,
    made bigint NOT NULL,
    approved bigint NOT NULL,
    conduct text NOT NULL,
    until bigint NOT NULL
);
CREATE UNIQUE INDEX author_tag ON author (tag);
CREATE TABLE posted (
    id text PRIMARY KEY,
    mark text NOT NULL,
    time bigint NOT NULL,
    page text NOT NULL,
    author text NOT NULL
);
CREATE INDEX posted_mark ON posted (mark, time);
CREATE INDEX posted_time ON posted (time);
CREATE INDEX posted_author ON posted (author);
CREATE TABLE staff (
    name text PRIMARY KEY,
    role text NOT NULL,
    secret text NOT NULL,
    made bigint NOT NULL
);
CREATE TABLE session (
    tag text PRIMARY KEY,
    name text NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX session_name ON session (name);
CREATE INDEX session_until ON session (until);
CREATE TABLE attempt (
    tag text PRIMARY KEY,
    failures bigint NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX attempt_until ON attempt (until);
CREATE TABLE act (
    id text PRIMARY KEY,
    time bigint NOT NULL,
    staff text NOT NULL,
    act text NOT NULL,
    object text NOT NULL,
    was text NOT NULL,
    became text NOT NULL
);
CREATE INDEX act_time ON act (time, id);
"""


def upgrade() -> None:
    """Nobody is known yet."""
    op.execute(_TABLES)
