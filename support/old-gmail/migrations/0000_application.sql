-- The application's tables before it connected to Gmail.
CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL
);

CREATE TABLE users (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL REFERENCES tenants(id),
  email TEXT NOT NULL UNIQUE
);

CREATE TABLE site_settings (
  id TEXT PRIMARY KEY DEFAULT 'default',
  key_expiry_days INTEGER NOT NULL DEFAULT 90
);
INSERT INTO site_settings DEFAULT VALUES;
