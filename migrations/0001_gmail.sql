-- The gmail store: gmail_tokens, and site_settings.gmail_diagnostic_enabled if that table exists.
-- Safe to run twice and during normal operation. With psql, the tables are created in the current schema;
-- for another one: PGOPTIONS="-c tokenkeep.schema=app" psql -f 0001_gmail.sql
DO $migration$
DECLARE
  target text;
  tokens text;
  settings text;
  link record;
BEGIN
  -- One migration at a time, also with psql. The lock comes before the first catalog access, which a
  -- session caches.
  PERFORM pg_advisory_xact_lock(865365337);
  SELECT coalesce(nullif(current_setting('tokenkeep.schema', true), ''), min(n.nspname), current_schema())
  INTO target
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = to_regclass('gmail_tokens');
  IF target IS NULL THEN
    RAISE EXCEPTION 'tokenkeep: search_path is "%", and leads to no schema', current_setting('search_path')
      USING ERRCODE = 'invalid_schema_name', HINT = 'Set tokenkeep.schema, or search_path.';
  END IF;
  tokens := format('%I.gmail_tokens', target);
  settings := format('%I.site_settings', target);

  IF to_regclass(tokens) IS NULL THEN
    EXECUTE format($sql$
      CREATE TABLE %1$I.gmail_tokens (
        id text PRIMARY KEY,
        tenant_id text NOT NULL,
        user_id text NOT NULL,
        encrypted_access_token text NOT NULL,
        encrypted_refresh_token text NOT NULL,
        expires_at timestamptz NOT NULL,
        scope text NOT NULL,
        key_version integer NOT NULL DEFAULT 1,
        refreshing_at timestamptz,
        connected_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      );
      ALTER TABLE %1$I.gmail_tokens ENABLE ROW LEVEL SECURITY;
      CREATE POLICY tenant_isolation ON %1$I.gmail_tokens
        USING (tenant_id = current_setting('app.current_tenant_id', true));
    $sql$, target);
  END IF;

  -- Checked first: ADD COLUMN IF NOT EXISTS would block all readers even if there is nothing to do.
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tokens)
      AND attname = 'key_version' AND NOT attisdropped) THEN
    EXECUTE format('ALTER TABLE %s ADD COLUMN key_version integer NOT NULL DEFAULT 1', tokens);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tokens)
      AND attname = 'refreshing_at' AND NOT attisdropped) THEN
    EXECUTE format('ALTER TABLE %s ADD COLUMN refreshing_at timestamptz', tokens);
  END IF;
  IF to_regclass(format('%I.gmail_tokens_user_id_idx', target)) IS NULL THEN
    EXECUTE format('CREATE INDEX gmail_tokens_user_id_idx ON %s (user_id)', tokens);
  END IF;
  IF to_regclass(format('%I.gmail_tokens_tenant_id_idx', target)) IS NULL THEN
    EXECUTE format('CREATE INDEX gmail_tokens_tenant_id_idx ON %s (tenant_id)', tokens);
  END IF;

  -- Required by upserts; a constraint or an index with another name works, too.
  IF NOT EXISTS (
    SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass(tokens) AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indnkeyatts = 1 AND a.attname = 'user_id'
  ) THEN
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT gmail_tokens_user_id_unique UNIQUE (user_id)', tokens);
  END IF;

  -- A foreign key only if the other table exists and its id is a text, too.
  FOR link IN SELECT * FROM (VALUES
    ('tenant_id', 'tenants', 'gmail_tokens_tenant_id_tenants_id_fk', ''),
    ('user_id', 'users', 'gmail_tokens_user_id_users_id_fk', 'ON DELETE CASCADE')
  ) AS links (column_name, other, constraint_name, action)
  LOOP
    CONTINUE WHEN EXISTS (
      SELECT FROM pg_constraint c
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
      WHERE c.conrelid = to_regclass(tokens)
        AND c.contype = 'f' AND a.attname = link.column_name
    );
    IF NOT EXISTS (
      SELECT FROM pg_attribute a
      WHERE a.attrelid = to_regclass(format('%I.%I', target, link.other))
        AND a.attname = 'id' AND NOT a.attisdropped AND a.atttypid = 'text'::regtype
    ) THEN
      RAISE NOTICE 'tokenkeep: left out the foreign key gmail_tokens.% -> %.id: there is no such text column',
        link.column_name, link.other;
      CONTINUE;
    END IF;
    BEGIN
      EXECUTE format('ALTER TABLE %I.gmail_tokens ADD CONSTRAINT %I FOREIGN KEY (%I) REFERENCES %I.%I (id) %s',
        target, link.constraint_name, link.column_name, target, link.other, link.action);
    EXCEPTION WHEN foreign_key_violation OR invalid_foreign_key OR insufficient_privilege THEN
      RAISE NOTICE 'tokenkeep: left out the foreign key gmail_tokens.% -> %.id: the database refused it (SQLSTATE %)',
        link.column_name, link.other, SQLSTATE;
    END;
  END LOOP;

  IF to_regclass(settings) IS NULL THEN
    RAISE NOTICE 'tokenkeep: left out site_settings.gmail_diagnostic_enabled: there is no such table';
  ELSIF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(settings)
      AND attname = 'gmail_diagnostic_enabled' AND NOT attisdropped) THEN
    EXECUTE format('ALTER TABLE %s ADD COLUMN gmail_diagnostic_enabled boolean NOT NULL DEFAULT false', settings);
  END IF;
END
$migration$;
