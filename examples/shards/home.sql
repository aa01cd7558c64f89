-- The database of the log: content and inbox go to three shards, by subject, with all that is in
-- them. Run once, by the user whose database it is, after Bandeau has made its tables, while no
-- server runs. Where it fails nothing has changed, and it can be run again:
--   psql -v ON_ERROR_STOP=1 -v host0=a.example -v port0=5432 -v db0=bandeau -v user0=bandeau \
--        -v host1=… -f home.sql
BEGIN;
CREATE EXTENSION IF NOT EXISTS postgres_fdw;

CREATE SERVER shard0 FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'host0', port :'port0', dbname :'db0');
CREATE SERVER shard1 FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'host1', port :'port1', dbname :'db1');
CREATE SERVER shard2 FOREIGN DATA WRAPPER postgres_fdw
    OPTIONS (host :'host2', port :'port2', dbname :'db2');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard0 OPTIONS (user :'user0');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard1 OPTIONS (user :'user1');
CREATE USER MAPPING FOR CURRENT_USER SERVER shard2 OPTIONS (user :'user2');

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['shard0', 'shard1', 'shard2'] LOOP
        EXECUTE format(
            -- What is answered is on the shard's disk. Shards commit at once, not in turn, and
            -- a lookup goes to them by its key, which takes their own estimates to plan.
            'ALTER SERVER %I OPTIONS (ADD options ''-c synchronous_commit=on'','
            ' ADD target_session_attrs ''primary'', ADD connect_timeout ''3'','
            ' ADD use_remote_estimate ''true'', ADD async_capable ''true'','
            ' ADD parallel_commit ''true'', ADD batch_size ''1000'', ADD fetch_size ''2000'')',
            name
        );
    END LOOP;
END
$$;

ALTER TABLE consent RENAME TO consent_before;
ALTER TABLE inbox RENAME TO inbox_before;
CREATE TABLE consent (
    subj bytea NOT NULL,
    rid uuid NOT NULL,
    body bytea NOT NULL,
    salt bytea NOT NULL
) PARTITION BY HASH (subj);
CREATE FOREIGN TABLE consent_shard0 PARTITION OF consent
    FOR VALUES WITH (MODULUS 3, REMAINDER 0) SERVER shard0 OPTIONS (table_name 'consent');
CREATE FOREIGN TABLE consent_shard1 PARTITION OF consent
    FOR VALUES WITH (MODULUS 3, REMAINDER 1) SERVER shard1 OPTIONS (table_name 'consent');
CREATE FOREIGN TABLE consent_shard2 PARTITION OF consent
    FOR VALUES WITH (MODULUS 3, REMAINDER 2) SERVER shard2 OPTIONS (table_name 'consent');
CREATE TABLE inbox (
    rid uuid NOT NULL,
    subj bytea NOT NULL,
    kind text NOT NULL,
    moment bigint NOT NULL,
    before bytea NOT NULL,
    after bytea NOT NULL,
    erases text NOT NULL,
    artefacts bytea[] NOT NULL
) PARTITION BY HASH (subj);
CREATE FOREIGN TABLE inbox_shard0 PARTITION OF inbox
    FOR VALUES WITH (MODULUS 3, REMAINDER 0) SERVER shard0 OPTIONS (table_name 'inbox');
CREATE FOREIGN TABLE inbox_shard1 PARTITION OF inbox
    FOR VALUES WITH (MODULUS 3, REMAINDER 1) SERVER shard1 OPTIONS (table_name 'inbox');
CREATE FOREIGN TABLE inbox_shard2 PARTITION OF inbox
    FOR VALUES WITH (MODULUS 3, REMAINDER 2) SERVER shard2 OPTIONS (table_name 'inbox');

-- A former try may have reached a shard.
INSERT INTO consent SELECT subj, rid, body, salt FROM consent_before ON CONFLICT DO NOTHING;
INSERT INTO inbox SELECT rid, subj, kind, moment, before, after, erases, artefacts
    FROM inbox_before ON CONFLICT DO NOTHING;
DROP TABLE consent_before, inbox_before;
COMMIT;
