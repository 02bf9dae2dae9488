-- The zoho store: oauth_tokens. Its timestamps have no time zone and are in UTC.
-- Safe to run twice and during normal operation. With psql, the table is created in the current schema;
-- for another one: PGOPTIONS="-c tokenkeep.schema=app" psql -f 0002_zoho.sql
DO $migration$
DECLARE
  target text;
  tokens text;
  added record;
BEGIN
  -- One migration at a time, also with psql. The lock comes before the first catalog access, which a
  -- session caches.
  PERFORM pg_advisory_xact_lock(865365337);
  SELECT coalesce(nullif(current_setting('tokenkeep.schema', true), ''), min(n.nspname), current_schema())
  INTO target
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = to_regclass('oauth_tokens');
  IF target IS NULL THEN
    RAISE EXCEPTION 'tokenkeep: search_path is "%", and leads to no schema', current_setting('search_path')
      USING ERRCODE = 'invalid_schema_name', HINT = 'Set tokenkeep.schema, or search_path.';
  END IF;
  tokens := format('%I.oauth_tokens', target);

  IF to_regclass(tokens) IS NULL THEN
    EXECUTE format($sql$
      CREATE TABLE %I.oauth_tokens (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        client_id varchar(255) NOT NULL,
        provider varchar(50) NOT NULL,
        access_token text,
        refresh_token text NOT NULL,
        token_expiry timestamp,
        scopes text,
        metadata jsonb,
        refreshing_at timestamptz,
        invalid_since timestamptz,
        invalid_reason text,
        created_at timestamp NOT NULL DEFAULT now(),
        updated_at timestamp NOT NULL DEFAULT now()
      )
    $sql$, target);
  END IF;

  -- Checked first: ADD COLUMN IF NOT EXISTS would block all readers even if there is nothing to do.
  FOR added IN SELECT * FROM (VALUES
    ('refreshing_at', 'timestamptz'),
    ('invalid_since', 'timestamptz'),
    ('invalid_reason', 'text')
  ) AS columns (column_name, column_type)
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tokens)
      AND attname = added.column_name AND NOT attisdropped);
    EXECUTE format('ALTER TABLE %s ADD COLUMN %I %s', tokens, added.column_name, added.column_type);
  END LOOP;

  -- Required by upserts; a constraint or an index with another name works, too.
  IF NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = to_regclass(tokens) AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 2
      AND ARRAY['client_id', 'provider'] = ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey[0:1])
        ORDER BY a.attname)
  ) THEN
    EXECUTE format('CREATE UNIQUE INDEX oauth_tokens_client_provider_unique ON %s (client_id, provider)', tokens);
  END IF;
END
$migration$;
