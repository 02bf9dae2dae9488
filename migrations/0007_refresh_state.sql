-- The state of refreshes for the rows of all stores, in the schema tokenkeep: the client that stored or last
-- refreshed a row, refusals of its refresh token, and the state of each client. Contains fingerprints, no
-- tokens. Safe to run twice and during normal operation.
DO $migration$
BEGIN
  PERFORM pg_advisory_xact_lock(865365337);
  IF to_regnamespace('tokenkeep') IS NULL THEN
    CREATE SCHEMA tokenkeep;
  END IF;

  -- target_schema: the schema of the store's table. key: the row's natural key.
  -- client: the fingerprint of token endpoint and client ID; NULL if unknown. token: the fingerprint of the
  -- refresh token that was refused for refused_client.
  IF to_regclass('tokenkeep.refresh_state') IS NULL THEN
    CREATE TABLE tokenkeep.refresh_state (
      target_schema text NOT NULL,
      store text NOT NULL,
      key text[] NOT NULL,
      client text,
      token text,
      refused_client text,
      error_code text,
      status integer,
      reason text,
      failures integer NOT NULL DEFAULT 0,
      failing_since timestamptz,
      failed_at timestamptz,
      retry_at timestamptz,
      PRIMARY KEY (target_schema, store, key)
    );
  END IF;

  -- endings: the number of rows marked as revoked since this client last refreshed one.
  IF to_regclass('tokenkeep.oauth_client') IS NULL THEN
    CREATE TABLE tokenkeep.oauth_client (
      target_schema text NOT NULL,
      store text NOT NULL,
      client text NOT NULL,
      refreshed_at timestamptz,
      endings integer NOT NULL DEFAULT 0,
      ended_at timestamptz,
      PRIMARY KEY (target_schema, store, client)
    );
  END IF;
END
$migration$;
