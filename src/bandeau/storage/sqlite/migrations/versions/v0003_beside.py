"""Nodes beside full tiles, so that a proof of any record takes few hashes."""

from alembic import op

revision = "0003"
down_revision = "0002"

_TABLE = """
CREATE TABLE beside (
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    nodes BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT
"""


def upgrade() -> None:
    """From schema 2; beside a tile of before stands nothing, and its nodes are hashed anew."""
    op.execute(_TABLE)
