"""What is past its time is found by its age."""

from alembic import op

revision = "0006"
down_revision = "0005"

_INDEXES = """
CREATE INDEX comment_linked ON comment (time, id) WHERE receipt <> '' OR author <> '';
CREATE INDEX act_object ON act (object, time);
CREATE INDEX author_made ON author (made, id);
"""


def upgrade() -> None:
    """Nothing goes by this alone."""
    op.execute(_INDEXES)
