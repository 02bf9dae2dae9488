/** A database that several roles use, and rows of two tenants in all five stores. */

import { createTokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';

export const [A, B] = [
  '11111111-1111-4111-8111-111111111111',
  '22222222-2222-4222-8222-222222222222',
];

export interface Roles extends TestDatabase {
  /** Of a role that has rights on all tables, owns none, and is held by row-level security. */
  plainUrl: string;
  /** Of one that it does not hold. */
  bypassUrl: string;
  /** Of the tables' owner, who is no superuser. */
  ownerUrl: string;
}

const TABLES = [
  'gmail_tokens',
  'oauth_tokens',
  'token_vault',
  'google_calendar_tokens',
  'integration_tokens',
];

/** Only gmail's table has a policy by its migration; the others have those of an application. */
const POLICIES = `
  ALTER TABLE token_vault ENABLE ROW LEVEL SECURITY;
  CREATE POLICY tenant ON token_vault
    USING (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);
  ALTER TABLE oauth_tokens ENABLE ROW LEVEL SECURITY;
  CREATE POLICY tenant ON oauth_tokens
    USING (client_id = current_setting('app.current_tenant_id', true));
  ALTER TABLE integration_tokens
    ADD COLUMN tenant_id text DEFAULT current_setting('app.current_tenant_id', true),
    ENABLE ROW LEVEL SECURITY;
  CREATE POLICY tenant ON integration_tokens
    USING (tenant_id = current_setting('app.current_tenant_id', true));
  ALTER TABLE google_calendar_tokens
    ADD COLUMN tenant_id text DEFAULT current_setting('app.current_tenant_id', true),
    ENABLE ROW LEVEL SECURITY;
  CREATE POLICY tenant ON google_calendar_tokens
    USING (tenant_id = current_setting('app.current_tenant_id', true));`;

/** Makes the database, and its roles, on the server of the whole run unless another is named. */
export async function rolesDatabase(server?: string): Promise<Roles> {
  const database = await emptyDatabase(server);
  const { client } = database;
  // Roles are the whole server's.
  const names = ['plain', 'bypass', 'owner'].map((name) => `${name}_${client.database}`);
  const [plain, bypass, owner] = names;
  await client.query(`
    CREATE ROLE ${plain} LOGIN PASSWORD 'role';
    CREATE ROLE ${bypass} LOGIN PASSWORD 'role' BYPASSRLS;
    CREATE ROLE ${owner} LOGIN PASSWORD 'role';
    GRANT CREATE ON SCHEMA public TO ${owner};
    GRANT CREATE ON DATABASE ${client.database} TO ${owner}`);
  const stores = ['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const;
  await migrateOn(database, { stores: [...stores] });
  await client.query(POLICIES);
  for (const table of TABLES) {
    await client.query(`ALTER TABLE ${table} OWNER TO ${owner};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${plain}, ${bypass}`);
  }
  await client.query(`GRANT USAGE ON SCHEMA tokenkeep TO ${plain}, ${bypass}, ${owner};
    GRANT ALL ON ALL TABLES IN SCHEMA tokenkeep TO ${plain}, ${bypass}, ${owner}`);
  const [plainUrl, bypassUrl, ownerUrl] = names.map((name) => {
    const url = new URL(database.url);
    [url.username, url.password] = [name, 'role'];
    return url.href;
  });
  return {
    ...database,
    plainUrl: plainUrl!,
    bypassUrl: bypassUrl!,
    ownerUrl: ownerUrl!,
    async drop() {
      await client.query(`REASSIGN OWNED BY ${owner} TO CURRENT_USER`);
      await client.query(`DROP OWNED BY ${names.join()}`);
      await client.query(`DROP ROLE ${names.join()}`);
      await database.drop();
    },
  };
}

/** An instance with everything that the stores can need. */
export function instance(url: string, options: TokenKeepOptions = {}) {
  return createTokenKeep({
    databaseUrl: url,
    gmailEncryptionKey: KEY,
    tokenkeepKey: KEY,
    encryptionSecret: 'a secret of at least 32 characters',
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleOauthRedirectUri: 'https://app.example/auth/google/callback',
    ...options,
  });
}
