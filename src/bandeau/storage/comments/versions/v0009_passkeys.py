"""Passkeys of the staff, and the challenges that are to be answered with one."""

from alembic import op

revision = "0009"
down_revision = "0008"

_TABLES = """
CREATE TABLE passkey (
    id text PRIMARY KEY,
    staff text NOT NULL,
    secret text NOT NULL,
    signs bigint NOT NULL,
    made bigint NOT NULL
);
CREATE INDEX passkey_staff ON passkey (staff, made, id);
CREATE TABLE challenge (tag text PRIMARY KEY, asked text NOT NULL, until bigint NOT NULL);
CREATE INDEX challenge_until ON challenge (until);
"""


def upgrade() -> None:
    """Nobody has one yet."""
    op.execute(_TABLES)
