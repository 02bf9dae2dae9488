-- The part of Supabase that the table needs: its users, and auth.uid().
CREATE SCHEMA auth;

CREATE TABLE auth.users (
    id uuid NOT NULL PRIMARY KEY
);

CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    )::uuid
$$;
