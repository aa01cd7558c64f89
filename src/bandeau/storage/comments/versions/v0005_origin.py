"""Where comments come from that were written in another system."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Those that are there were written here."""
    op.execute("ALTER TABLE comment ADD COLUMN origin text NOT NULL DEFAULT ''")
