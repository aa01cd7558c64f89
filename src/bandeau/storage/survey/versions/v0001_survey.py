"""Sites to audit, the hosts that are visited for them, and whose turn it is."""

from alembic import op

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE survey_host (
    name text PRIMARY KEY,
    ready bigint NOT NULL
);
CREATE TABLE survey_turn (
    survey text NOT NULL,
    host text NOT NULL,
    ready bigint NOT NULL,
    PRIMARY KEY (survey, host)
);
CREATE INDEX survey_turn_ready ON survey_turn (survey, ready, host);
CREATE TABLE survey_site (
    survey text NOT NULL,
    address text NOT NULL,
    host text NOT NULL,
    turn bigint NOT NULL,
    stage text NOT NULL,
    ready bigint NOT NULL,
    lease text NOT NULL,
    attempts bigint NOT NULL,
    lapses bigint NOT NULL,
    digest text NOT NULL,
    told text NOT NULL,
    PRIMARY KEY (survey, address)
);
CREATE INDEX survey_site_next ON survey_site (survey, host, stage, ready);
CREATE INDEX survey_site_leased ON survey_site (host) WHERE stage = 'leased';
"""


def upgrade() -> None:
    """Nothing waits yet."""
    op.execute(_TABLES)
