-- Written by hand: PostgreSQL names the constraints.
CREATE TABLE gmail_tokens (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants(id),
  user_id TEXT NOT NULL UNIQUE REFERENCES users(id) ON DELETE CASCADE,
  encrypted_access_token TEXT NOT NULL,
  encrypted_refresh_token TEXT NOT NULL,
  expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
  scope TEXT NOT NULL,
  key_version INTEGER NOT NULL DEFAULT 1,
  refreshing_at TIMESTAMP WITH TIME ZONE,
  connected_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT NOW()
);

CREATE INDEX gmail_tokens_user_id_idx ON gmail_tokens(user_id);
CREATE INDEX gmail_tokens_tenant_id_idx ON gmail_tokens(tenant_id);

ALTER TABLE gmail_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON gmail_tokens
  USING (tenant_id = current_setting('app.current_tenant_id', true));

ALTER TABLE site_settings
  ADD COLUMN IF NOT EXISTS gmail_diagnostic_enabled BOOLEAN NOT NULL DEFAULT false;
