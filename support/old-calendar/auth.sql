-- What Supabase has, as far as the table needs it: its users, and who is asking.
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
