-- The partitions of this month and the next two; what is there already stays.
-- Run on each shard by a timer, once a week: psql -v ON_ERROR_STOP=1 -f months.sql
DO $$
DECLARE
    month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    bounds uuid[];
BEGIN
    FOR ahead IN 0..2 LOOP
        -- A UUIDv7 begins with its time in milliseconds, 48 bits.
        SELECT array_agg((lpad(to_hex(ms::bigint), 12, '0') || repeat('0', 20))::uuid ORDER BY ms)
        INTO bounds
        FROM (
            SELECT extract(epoch FROM month + make_interval(months => ahead + n)) * 1000 AS ms
            FROM generate_series(0, 1) AS n
        ) AS moments;
        EXECUTE format(
            'CREATE TABLE IF NOT EXISTS consent_%s PARTITION OF consent FOR VALUES FROM (%L) TO (%L)',
            to_char(month + make_interval(months => ahead), 'YYYY_MM'), bounds[1], bounds[2]
        );
    END LOOP;
END
$$;
