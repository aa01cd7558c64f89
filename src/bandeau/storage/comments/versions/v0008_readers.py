"""Readers with their sessions, and the letters that they asked for."""

from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = """
CREATE TABLE reader (
    id text PRIMARY KEY,
    who text NOT NULL,
    name text NOT NULL,
    folded text NOT NULL
);
CREATE UNIQUE INDEX reader_who ON reader (who);
CREATE UNIQUE INDEX reader_folded ON reader (folded);
CREATE TABLE bond (
    reader text NOT NULL,
    subject text NOT NULL,
    PRIMARY KEY (reader, subject)
);
CREATE INDEX bond_subject ON bond (subject);
CREATE TABLE reader_session (
    tag text PRIMARY KEY,
    reader text NOT NULL,
    subject text NOT NULL,
    receipt text NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX reader_session_reader ON reader_session (reader);
CREATE INDEX reader_session_subject ON reader_session (subject);
CREATE INDEX reader_session_until ON reader_session (until);
CREATE TABLE ticket (
    tag text PRIMARY KEY,
    subject text NOT NULL,
    who text NOT NULL,
    until bigint NOT NULL
);
CREATE INDEX ticket_subject ON ticket (subject);
CREATE INDEX ticket_until ON ticket (until);
CREATE TABLE spent (tag text PRIMARY KEY, until bigint NOT NULL);
CREATE INDEX spent_until ON spent (until);
CREATE TABLE letter (
    id text PRIMARY KEY,
    receipt text NOT NULL,
    box text NOT NULL,
    made bigint NOT NULL,
    ends bigint NOT NULL,
    due bigint NOT NULL,
    watch text NOT NULL,
    attempts bigint NOT NULL
);
CREATE INDEX letter_due ON letter (due, id);
CREATE INDEX letter_watch ON letter (watch);
CREATE TABLE watch (
    id text PRIMARY KEY,
    subject text NOT NULL,
    receipt text NOT NULL,
    address text NOT NULL,
    box text NOT NULL,
    lang text NOT NULL,
    base text NOT NULL,
    made bigint NOT NULL,
    confirmed bigint NOT NULL
);
CREATE UNIQUE INDEX watch_subject ON watch (subject, address);
CREATE INDEX watch_unconfirmed ON watch (made) WHERE confirmed = 0;
CREATE TABLE watched (comment text PRIMARY KEY, watch text NOT NULL);
CREATE INDEX watched_watch ON watched (watch);
CREATE TABLE news (reply text PRIMARY KEY, time bigint NOT NULL, told bigint NOT NULL);
CREATE INDEX news_untold ON news (time, reply) WHERE told = 0;
CREATE INDEX news_told ON news (told);
"""


def upgrade() -> None:
    """Nobody has signed in, and nobody is told of anything yet."""
    op.execute(_TABLES)
