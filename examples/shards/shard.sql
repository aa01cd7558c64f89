-- One shard: the content of some subjects, and what of theirs waits for a place in the log.
-- Run once in a new database: psql -v ON_ERROR_STOP=1 -f shard.sql, then months.sql.
CREATE TABLE consent (
    subj bytea NOT NULL,
    rid uuid NOT NULL,
    body bytea NOT NULL,
    salt bytea NOT NULL,
    PRIMARY KEY (subj, rid)
) PARTITION BY RANGE (rid);
CREATE TABLE consent_rest PARTITION OF consent DEFAULT;
CREATE TABLE inbox (
    rid uuid NOT NULL,
    subj bytea NOT NULL,
    kind text NOT NULL,
    moment bigint NOT NULL,
    before bytea NOT NULL,
    after bytea NOT NULL,
    erases text NOT NULL,
    artefacts bytea[] NOT NULL,
    PRIMARY KEY (subj, rid)
);
CREATE INDEX inbox_rid ON inbox (rid);
