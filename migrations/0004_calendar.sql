-- The calendar store: google_calendar_tokens, with its policy if Supabase's auth.uid() exists.
-- Safe to run twice and during normal operation. With psql, the table is created in the current schema;
-- for another one: PGOPTIONS="-c tokenkeep.schema=app" psql -f 0004_calendar.sql
DO $migration$
DECLARE
  target text;
  tokens text;
  -- The schema of Supabase's users; NULL if it does not exist or this role cannot access it.
  auth oid := (SELECT oid FROM pg_namespace
    WHERE nspname = 'auth' AND has_schema_privilege(oid, 'USAGE'));
  has_uid boolean := EXISTS (SELECT FROM pg_proc
    WHERE pronamespace = auth AND proname = 'uid' AND pronargs = 0 AND prorettype = 'uuid'::regtype);
BEGIN
  -- One migration at a time, also with psql. The lock comes before the first catalog access, which a
  -- session caches.
  PERFORM pg_advisory_xact_lock(865365337);
  SELECT coalesce(nullif(current_setting('tokenkeep.schema', true), ''), min(n.nspname), current_schema())
  INTO target
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = to_regclass('google_calendar_tokens');
  IF target IS NULL THEN
    RAISE EXCEPTION 'tokenkeep: search_path is "%", and leads to no schema', current_setting('search_path')
      USING ERRCODE = 'invalid_schema_name', HINT = 'Set tokenkeep.schema, or search_path.';
  END IF;
  tokens := format('%I.google_calendar_tokens', target);

  IF to_regclass(tokens) IS NULL THEN
    EXECUTE format($sql$
      CREATE TABLE %1$I.google_calendar_tokens (
        user_id uuid PRIMARY KEY,
        access_token text NOT NULL,
        refresh_token text NOT NULL,
        token_expiry timestamptz,
        scopes text[],
        refreshing_at timestamptz,
        updated_at timestamptz DEFAULT now()
      )
    $sql$, target);
    IF has_uid THEN
      EXECUTE format($sql$
        ALTER TABLE %1$I.google_calendar_tokens ENABLE ROW LEVEL SECURITY;
        CREATE POLICY "user owns google token" ON %1$I.google_calendar_tokens
          FOR ALL USING (auth.uid() = user_id);
      $sql$, target);
    END IF;
  END IF;

  -- Checked first: ADD COLUMN IF NOT EXISTS would block all readers even if there is nothing to do.
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tokens)
      AND attname = 'refreshing_at' AND NOT attisdropped) THEN
    EXECUTE format('ALTER TABLE %s ADD COLUMN refreshing_at timestamptz', tokens);
  END IF;

  -- Never enabled for an existing table without it: it might hide rows from its readers.
  IF NOT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(tokens) AND relrowsecurity) THEN
    IF NOT has_uid THEN
      RAISE NOTICE 'tokenkeep: left out row-level security of google_calendar_tokens: there is no function auth.uid() that this role may use and that gives a uuid';
    ELSE
      RAISE NOTICE 'tokenkeep: left out row-level security of google_calendar_tokens: the table is there without it. If no other role reads it: ALTER TABLE % ENABLE ROW LEVEL SECURITY; CREATE POLICY "user owns google token" ON % FOR ALL USING (auth.uid() = user_id)', tokens, tokens;
    END IF;
  END IF;

  -- A foreign key only if the table of Supabase's users exists.
  IF EXISTS (
    SELECT FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.conrelid = to_regclass(tokens) AND c.contype = 'f' AND a.attname = 'user_id'
  ) THEN
    RETURN;
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = auth AND c.relname = 'users'
      AND a.attname = 'id' AND NOT a.attisdropped AND a.atttypid = 'uuid'::regtype
  ) THEN
    RAISE NOTICE 'tokenkeep: left out the foreign key google_calendar_tokens.user_id -> auth.users.id: there is no such uuid column';
    RETURN;
  END IF;
  BEGIN
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT google_calendar_tokens_user_id_fkey
      FOREIGN KEY (user_id) REFERENCES auth.users (id) ON DELETE CASCADE', tokens);
  EXCEPTION WHEN foreign_key_violation OR invalid_foreign_key OR insufficient_privilege THEN
    RAISE NOTICE 'tokenkeep: left out the foreign key google_calendar_tokens.user_id -> auth.users.id: the database refused it (SQLSTATE %)',
      SQLSTATE;
  END;
END
$migration$;
