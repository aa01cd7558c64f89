"""Indexes to look through comments by time, on the site or on one page."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Nothing is kept anew."""
    op.execute("CREATE INDEX comment_time ON comment (time, id)")
    # Partial, so that no list for readers goes through replies instead of through its own index.
    op.execute("CREATE INDEX comment_page ON comment (page, time, id) WHERE state <> 'gone'")
