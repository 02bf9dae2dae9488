-- The column metadata of integration_tokens: what the provider says of a connection besides its tokens, such as
-- the address of its API. Safe to run twice and during normal operation.
DO $migration$
DECLARE
  tokens oid;
BEGIN
  PERFORM pg_advisory_xact_lock(865365337);
  tokens := to_regclass(format('%I.integration_tokens',
    coalesce(nullif(current_setting('tokenkeep.schema', true), ''), (
      SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.oid = to_regclass('integration_tokens')))));
  IF tokens IS NULL THEN
    RAISE EXCEPTION 'tokenkeep: integration_tokens does not exist'
      USING ERRCODE = 'undefined_table', HINT = 'Run 0006_integration.sql first.';
  END IF;

  IF EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = tokens AND attname = 'metadata' AND NOT attisdropped
      AND atttypid <> 'jsonb'::regtype
  ) THEN
    RAISE EXCEPTION 'tokenkeep: the column metadata of integration_tokens must be jsonb'
      USING ERRCODE = 'datatype_mismatch', HINT = 'Rename your own column, or change its type.';
  END IF;

  -- Checked first: ADD COLUMN IF NOT EXISTS would block all readers even if there is nothing to do.
  IF NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = tokens AND attname = 'metadata' AND NOT attisdropped
  ) THEN
    EXECUTE format('ALTER TABLE %s ADD COLUMN metadata jsonb', tokens::regclass);
  END IF;
END
$migration$;
