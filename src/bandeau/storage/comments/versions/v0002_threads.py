"""Threads with their states, and a count for each page."""

from alembic import op

revision = "0002"
down_revision = "0001"

_TABLES = """
CREATE TABLE comment (
    id text PRIMARY KEY,
    page text NOT NULL,
    name text NOT NULL,
    html text NOT NULL,
    time bigint NOT NULL,
    reply_to text,
    receipt text NOT NULL,
    source text NOT NULL,
    author text NOT NULL,
    root text NOT NULL,
    state text NOT NULL,
    reasons text NOT NULL,
    edited bigint NOT NULL,
    place bigint NOT NULL,
    replies bigint NOT NULL,
    last bigint NOT NULL,
    listed bigint NOT NULL
);
CREATE INDEX comment_newest ON comment (page, time, id) WHERE place = 0 AND listed = 1;
CREATE INDEX comment_busiest ON comment (page, replies, id) WHERE place = 0 AND listed = 1;
CREATE INDEX comment_thread ON comment (root, place);
CREATE INDEX comment_state ON comment (state, time, id);
CREATE INDEX comment_author ON comment (author, time, id);
CREATE INDEX comment_receipt ON comment (receipt);
CREATE TABLE page (path text PRIMARY KEY, shown bigint NOT NULL, opened bigint NOT NULL);
"""
# Both databases read this. A thread is flat: whatever answers it, or answers an answer, has its
# root, and a place in the order of writing.
_THREADED = """
INSERT INTO comment
WITH RECURSIVE rooted (id, root) AS (
    SELECT id, id FROM comments WHERE reply_to IS NULL
    UNION ALL
    SELECT c.id, r.root FROM comments c JOIN rooted r ON c.reply_to = r.id
), placed (id, root, place) AS (
    SELECT c.id, r.root, row_number() OVER (
        PARTITION BY r.root ORDER BY CASE WHEN c.id = r.root THEN 0 ELSE 1 END, c.time, c.id
    ) - 1 FROM comments c JOIN rooted r ON c.id = r.id
), counted (root, replies) AS (SELECT root, count(*) - 1 FROM placed GROUP BY root)
SELECT c.id, c.page, c.name, c.html, c.time, c.reply_to, c.receipt, '', '', p.root,
    'published', '', 0, p.place,
    CASE WHEN c.id = p.root THEN t.replies ELSE 0 END,
    CASE WHEN c.id = p.root THEN t.replies ELSE 0 END, 1
FROM comments c JOIN placed p ON c.id = p.id JOIN counted t ON p.root = t.root
"""
_COUNTED = """
INSERT INTO page (path, shown, opened)
SELECT page, count(*), min(time) FROM comments GROUP BY page
"""


def upgrade() -> None:
    """Comments that were published stay so, without an author that could edit them."""
    op.execute(_TABLES)
    op.execute(_THREADED)
    op.execute(_COUNTED)
    op.execute("DROP TABLE comments")
