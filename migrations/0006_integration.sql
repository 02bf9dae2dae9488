-- The integration store: integration_tokens, unique on (user_id, provider).
-- Safe to run twice and during normal operation. With psql, the table is created in the current schema;
-- for another one: PGOPTIONS="-c tokenkeep.schema=app" psql -f 0006_integration.sql
DO $migration$
DECLARE
  target text;
  tokens text;
  added text;
BEGIN
  -- One migration at a time, also with psql. The lock comes before the first catalog access, which a
  -- session caches.
  PERFORM pg_advisory_xact_lock(865365337);
  SELECT coalesce(nullif(current_setting('tokenkeep.schema', true), ''), min(n.nspname), current_schema())
  INTO target
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = to_regclass('integration_tokens');
  IF target IS NULL THEN
    RAISE EXCEPTION 'tokenkeep: search_path is "%", and leads to no schema', current_setting('search_path')
      USING ERRCODE = 'invalid_schema_name', HINT = 'Set tokenkeep.schema, or search_path.';
  END IF;
  tokens := format('%I.integration_tokens', target);

  IF to_regclass(tokens) IS NULL THEN
    EXECUTE format($sql$
      CREATE TABLE %1$I.integration_tokens (
        id text PRIMARY KEY DEFAULT gen_random_uuid(),
        user_id text NOT NULL,
        provider text NOT NULL,
        access_token text NOT NULL,
        refresh_token text,
        expires_at timestamptz NOT NULL,
        scopes text[] NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )
    $sql$, target);
  END IF;

  -- Checked first: ADD COLUMN IF NOT EXISTS would block all readers even if there is nothing to do.
  SELECT string_agg(format('ADD COLUMN %s', wanted.definition), ', ' ORDER BY wanted.position)
  INTO added
  FROM (VALUES
    (1, 'refreshing_at', 'refreshing_at timestamptz'),
    (2, 'invalid_since', 'invalid_since timestamptz'),
    (3, 'invalid_reason', 'invalid_reason text'),
    (4, 'last_refreshed_at', 'last_refreshed_at timestamptz'),
    (5, 'last_error_code', 'last_error_code text'),
    (6, 'failure_count', 'failure_count integer NOT NULL DEFAULT 0')
  ) AS wanted (position, name, definition)
  WHERE NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tokens)
    AND attname = wanted.name AND NOT attisdropped);
  IF added IS NOT NULL THEN
    EXECUTE format('ALTER TABLE %s %s', tokens, added);
  END IF;

  -- If the application's code generates the id, rows that tokenkeep inserts need a default here.
  IF EXISTS (
    SELECT FROM pg_attribute
    WHERE attrelid = to_regclass(tokens) AND attname = 'id' AND NOT attisdropped
      AND attnotnull AND NOT atthasdef AND attidentity = ''
      AND atttypid IN ('text'::regtype, 'varchar'::regtype, 'uuid'::regtype)
  ) THEN
    EXECUTE format('ALTER TABLE %s ALTER COLUMN id SET DEFAULT gen_random_uuid()', tokens);
  END IF;

  IF NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = to_regclass(tokens) AND i.indisunique AND i.indimmediate AND i.indisvalid
      AND i.indpred IS NULL AND i.indexprs IS NULL
      AND (SELECT array_agg(a.attname::text ORDER BY a.attname::text)
           FROM unnest(i.indkey[0:i.indnkeyatts - 1]) AS k JOIN pg_attribute a
             ON a.attrelid = i.indrelid AND a.attnum = k) = ARRAY['provider', 'user_id']
  ) THEN
    EXECUTE format('CREATE UNIQUE INDEX integration_tokens_user_provider_unique
      ON %s (user_id, provider)', tokens);
  END IF;

  -- For refreshExpiring: finds the rows that expire first without scanning the table.
  IF NOT EXISTS (
    SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass(tokens) AND i.indisvalid AND i.indpred IS NULL
      AND a.attname = 'expires_at'
  ) THEN
    EXECUTE format('CREATE INDEX integration_tokens_expires_at ON %s (expires_at)', tokens);
  END IF;
END
$migration$;
