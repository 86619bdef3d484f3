-- Times in extrinsics.arguments and events.fields are text in ISO 8601 from this version on. Rows of
-- before have numbers, and their digests are made of them, so that they cannot stay beside new ones.
DO $$
BEGIN
    IF EXISTS (SELECT FROM blocks) THEN
        RAISE EXCEPTION 'they hold blocks of an earlier program, with times as numbers: export into a new database';
    END IF;
END
$$;
