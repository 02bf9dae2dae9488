-- Tables for connecting users, in the schema tokenkeep: pending authorizations and connect links (sealed), and
-- the accounts of connected users (fingerprints). Safe to run twice and during normal operation.
DO $migration$
BEGIN
  PERFORM pg_advisory_xact_lock(865365337);
  IF to_regnamespace('tokenkeep') IS NULL THEN
    CREATE SCHEMA tokenkeep;
  END IF;

  IF to_regclass('tokenkeep.oauth_state') IS NULL THEN
    CREATE TABLE tokenkeep.oauth_state (
      id text PRIMARY KEY,
      kind text NOT NULL,
      sealed text NOT NULL,
      expires_at timestamptz NOT NULL
    );
    CREATE INDEX oauth_state_expires_at ON tokenkeep.oauth_state (expires_at);
  END IF;

  -- target_schema: the schema of the store's table, if one is set; otherwise ''.
  IF to_regclass('tokenkeep.oauth_account') IS NULL THEN
    CREATE TABLE tokenkeep.oauth_account (
      target_schema text NOT NULL,
      store text NOT NULL,
      key text NOT NULL,
      subject text NOT NULL,
      connected_at timestamptz NOT NULL DEFAULT clock_timestamp(),
      PRIMARY KEY (target_schema, store, key)
    );
  END IF;
END
$migration$;
