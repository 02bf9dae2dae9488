-- The vault store: token_vault and its two enums.
-- Safe to run twice and during normal operation. With psql, the table is created in the current schema;
-- for another one: PGOPTIONS="-c tokenkeep.schema=app" psql -f 0003_vault.sql
DO $migration$
DECLARE
  target text;
  tokens text;
BEGIN
  -- One migration at a time, also with psql. The lock comes before the first catalog access, which a
  -- session caches.
  PERFORM pg_advisory_xact_lock(865365337);
  -- Predicates are compared as PostgreSQL prints them.
  PERFORM set_config('quote_all_identifiers', 'off', true);
  SELECT coalesce(nullif(current_setting('tokenkeep.schema', true), ''), min(n.nspname), current_schema())
  INTO target
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = to_regclass('token_vault');
  IF target IS NULL THEN
    RAISE EXCEPTION 'tokenkeep: search_path is "%", and leads to no schema', current_setting('search_path')
      USING ERRCODE = 'invalid_schema_name', HINT = 'Set tokenkeep.schema, or search_path.';
  END IF;
  tokens := format('%I.token_vault', target);

  IF to_regclass(tokens) IS NULL THEN
    -- An existing enum may have values of the application.
    IF to_regtype(format('%I.token_provider', target)) IS NULL THEN
      EXECUTE format($sql$
        CREATE TYPE %I.token_provider AS ENUM
          ('whatsapp', 'google', 'voicenter', 'greeninvoice', 'icount', 'clerk')
      $sql$, target);
    END IF;
    IF to_regtype(format('%I.token_type', target)) IS NULL THEN
      EXECUTE format($sql$
        CREATE TYPE %I.token_type AS ENUM
          ('access_token', 'refresh_token', 'api_key', 'webhook_secret')
      $sql$, target);
    END IF;
    EXECUTE format($sql$
      CREATE TABLE %1$I.token_vault (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        tenant_id uuid NOT NULL,
        provider %1$I.token_provider NOT NULL,
        token_type %1$I.token_type NOT NULL,
        identifier varchar(255),
        encrypted_value text NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz,
        last_refreshed_at timestamptz,
        is_valid varchar(10) NOT NULL DEFAULT 'true',
        last_error text,
        refreshing_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
      )
    $sql$, target);
  END IF;

  -- Checked first: ADD COLUMN IF NOT EXISTS would block all readers even if there is nothing to do.
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(tokens)
      AND attname = 'refreshing_at' AND NOT attisdropped) THEN
    EXECUTE format('ALTER TABLE %s ADD COLUMN refreshing_at timestamptz', tokens);
  END IF;
  IF to_regclass(format('%I.token_vault_tenant_provider_idx', target)) IS NULL THEN
    EXECUTE format('CREATE INDEX token_vault_tenant_provider_idx ON %s (tenant_id, provider)', tokens);
  END IF;
  IF to_regclass(format('%I.token_vault_expires_at_idx', target)) IS NULL THEN
    EXECUTE format('CREATE INDEX token_vault_expires_at_idx ON %s (expires_at)', tokens);
  END IF;

  -- Required by upserts; constraints or indexes with other names work, too.
  IF NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = to_regclass(tokens) AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = 4
      AND ARRAY['identifier', 'provider', 'tenant_id', 'token_type'] = ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey[0:3])
        ORDER BY a.attname)
  ) THEN
    EXECUTE format($sql$
      ALTER TABLE %s ADD CONSTRAINT token_vault_unique
        UNIQUE (tenant_id, provider, token_type, identifier)
    $sql$, tokens);
  END IF;
  -- For NULL identifiers, which a unique constraint treats as different.
  IF NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = to_regclass(tokens) AND i.indisunique AND i.indisvalid AND i.indimmediate
      AND pg_get_expr(i.indpred, i.indrelid) = '(identifier IS NULL)'
      AND i.indexprs IS NULL AND i.indnkeyatts = 3
      AND ARRAY['provider', 'tenant_id', 'token_type'] = ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey[0:2])
        ORDER BY a.attname)
  ) THEN
    EXECUTE format($sql$
      CREATE UNIQUE INDEX token_vault_unique_without_identifier ON %s
        (tenant_id, provider, token_type) WHERE identifier IS NULL
    $sql$, tokens);
  END IF;

  -- A foreign key only if the other table exists and its id is a uuid, too.
  IF NOT EXISTS (
    SELECT FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.conrelid = to_regclass(tokens) AND c.contype = 'f' AND a.attname = 'tenant_id'
  ) THEN
    IF NOT EXISTS (
      SELECT FROM pg_attribute a
      WHERE a.attrelid = to_regclass(format('%I.tenants', target))
        AND a.attname = 'id' AND NOT a.attisdropped AND a.atttypid = 'uuid'::regtype
    ) THEN
      RAISE NOTICE 'tokenkeep: left out the foreign key token_vault.tenant_id -> tenants.id: there is no such uuid column';
    ELSE
      BEGIN
        EXECUTE format($sql$
          ALTER TABLE %1$I.token_vault ADD CONSTRAINT token_vault_tenant_id_tenants_id_fk
            FOREIGN KEY (tenant_id) REFERENCES %1$I.tenants (id) ON DELETE CASCADE
        $sql$, target);
      EXCEPTION WHEN foreign_key_violation OR invalid_foreign_key OR insufficient_privilege THEN
        RAISE NOTICE 'tokenkeep: left out the foreign key token_vault.tenant_id -> tenants.id: the database refused it (SQLSTATE %)',
          SQLSTATE;
      END;
    END IF;
  END IF;
END
$migration$;
