"""How often what readers see of a page changed, and its newest comments in order."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Nothing was kept for readers before, so it is as good as unchanged."""
    op.execute("ALTER TABLE page ADD COLUMN changes bigint NOT NULL DEFAULT 0")
    op.execute("CREATE INDEX comment_latest ON comment (page, time, id) WHERE state = 'published'")
