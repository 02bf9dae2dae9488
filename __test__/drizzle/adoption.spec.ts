/** An application that uses drizzle-kit takes tokenkeep's tables into its schema file. */

import { describe, expect, it } from 'vitest';
import * as oldGmail from '../../support/old-gmail/schema.mjs';
import * as oldIntegration from '../../support/old-integration/schema.mjs';
import * as oldVault from '../../support/old-vault/schema.mjs';
import * as oldZoho from '../../support/old-zoho/schema.mjs';
import { schemaOf } from '../drop-in/applications/gmail';
import { makeTables, migrateOn } from '../helpers/tables';
import { rewrite, statementsOf, useKit } from './kit';

type Store = 'gmail' | 'zoho' | 'vault' | 'integration';

const OLD = { gmail: oldGmail, zoho: oldZoho, vault: oldVault, integration: oldIntegration };
const OLD_FILE = (store: Store) => `support/old-${store}/schema.mjs`;
const NEW_FILE = (name: string) => `__test__/drizzle/schemas/${name}.ts`;

/** What a store needs beyond the application's own table, in drizzle-kit's words. */
const ADDED: Record<Store, string[]> = {
  gmail: [],
  zoho: [
    'ALTER TABLE "oauth_tokens" ADD COLUMN "refreshing_at" timestamp with time zone;',
    'ALTER TABLE "oauth_tokens" ADD COLUMN "invalid_since" timestamp with time zone;',
    'ALTER TABLE "oauth_tokens" ADD COLUMN "invalid_reason" text;',
    'CREATE UNIQUE INDEX "oauth_tokens_client_provider_unique" ON "oauth_tokens" USING btree ("client_id","provider");',
  ],
  vault: [
    'ALTER TABLE "token_vault" ADD COLUMN "refreshing_at" timestamp with time zone;',
    'CREATE UNIQUE INDEX "token_vault_unique_without_identifier" ON "token_vault" USING btree ("tenant_id","provider","token_type") WHERE identifier IS NULL;',
  ],
  integration: [
    'ALTER TABLE "integration_tokens" ADD COLUMN "refreshing_at" timestamp with time zone;',
    'ALTER TABLE "integration_tokens" ADD COLUMN "invalid_since" timestamp with time zone;',
    'ALTER TABLE "integration_tokens" ADD COLUMN "invalid_reason" text;',
    'ALTER TABLE "integration_tokens" ADD COLUMN "last_refreshed_at" timestamp with time zone;',
    'ALTER TABLE "integration_tokens" ADD COLUMN "last_error_code" text;',
    'ALTER TABLE "integration_tokens" ADD COLUMN "failure_count" integer DEFAULT 0 NOT NULL;',
    'ALTER TABLE "integration_tokens" ADD COLUMN "metadata" jsonb;',
    'CREATE INDEX "integration_tokens_expires_at" ON "integration_tokens" USING btree ("expires_at");',
  ],
};
const STORES = Object.keys(ADDED) as Store[];

const setting = useKit();

const migrate = (store: Store) => migrateOn(setting.database, { stores: [store] });
const query = (sql: string) => setting.database.client.query(sql);

/**
 * drizzle-kit reads the columns of a constraint in no particular order, and then takes one of
 * several columns for another one: it makes it anew, also for a schema file that never changed.
 */
const MADE_ANEW =
  /^ALTER TABLE "(\w+)" (DROP|ADD) CONSTRAINT "\1_(client_id_provider_|user_id_provider_)?unique"/;

/** What a push changes, and that it leaves everything as it was. */
async function changesOfPush(name: string): Promise<string[]> {
  const before = await schemaOf(setting.database);
  const statements = await setting.kit.push(NEW_FILE(name));
  expect(await schemaOf(setting.database)).toEqual(before);
  return statements.filter((sql) => !MADE_ANEW.test(sql));
}

describe('drizzle-kit push', () => {
  it.each(STORES)('finds nothing to do when an adopted %s table is migrated', async (store) => {
    await makeTables(setting.database, OLD[store]);
    expect(await migrate(store)).toEqual([]);
    expect(await changesOfPush(store)).toEqual([]);
  });

  it.each(STORES)('finds nothing to do when migrate has made the %s table', async (store) => {
    await makeTables(setting.database, OLD[store]);
    await query('DROP TABLE IF EXISTS gmail_tokens, oauth_tokens, token_vault, integration_tokens');
    await query('DROP TYPE IF EXISTS token_provider, token_type');
    expect(await migrate(store)).toEqual([]);
    expect(await changesOfPush(store)).toEqual([]);
  });

  it.each(STORES)('that comes first leaves nothing to do for migrate (%s)', async (store) => {
    await makeTables(setting.database, OLD[store]);
    const pushed = await setting.kit.push(NEW_FILE(store));
    const bySql = (one: string, other: string) => one.localeCompare(other);
    expect(pushed.filter((sql) => !MADE_ANEW.test(sql)).sort(bySql)).toEqual(
      [...ADDED[store]].sort(bySql),
    );
    const before = await schemaOf(setting.database);
    expect(await migrate(store)).toEqual([]);
    expect(await schemaOf(setting.database)).toEqual(before);
    expect(await changesOfPush(store)).toEqual([]);
  });

  it('leaves a table without row-level security alone where that is declared', async () => {
    await makeTables(setting.database, oldGmail);
    await query('DROP POLICY tenant_isolation ON gmail_tokens');
    await query('ALTER TABLE gmail_tokens DISABLE ROW LEVEL SECURITY');
    expect(await migrate('gmail')).toEqual([]);
    expect(await changesOfPush('gmail-unsecured')).toEqual([]);
    expect(await setting.kit.push(NEW_FILE('gmail'))).toContainEqual(
      expect.stringContaining('ENABLE ROW LEVEL SECURITY'),
    );
  });

  it('leaves the unique constraint of an application alone where that is declared', async () => {
    await makeTables(setting.database, oldZoho);
    await query(`ALTER TABLE oauth_tokens
      ADD CONSTRAINT oauth_tokens_client_id_provider_unique UNIQUE (client_id, provider)`);
    expect(await migrate('zoho')).toEqual([]);
    expect(await changesOfPush('zoho-constraint')).toEqual([]);
  });

  it('leaves columns, a key and a reference of an application’s own alone', async () => {
    await setting.kit.push(NEW_FILE('integration-own'));
    const before = await schemaOf(setting.database);
    expect(await migrate('integration')).toEqual([]);
    expect(await schemaOf(setting.database)).toEqual(before);
    expect(await changesOfPush('integration-own')).toEqual([]);
  });

  it('of a declaration that misses columns of an application’s own takes them away', async () => {
    await makeTables(setting.database, oldIntegration);
    await query('ALTER TABLE integration_tokens ADD version integer NOT NULL DEFAULT 1');
    expect(await migrate('integration')).toEqual([]);
    expect(await setting.kit.push(NEW_FILE('integration'))).toEqual([
      'ALTER TABLE "integration_tokens" DROP COLUMN "version";',
    ]);
  });

  it('makes no constraint anew where an index is declared, whatever is in the table', async () => {
    await makeTables(setting.database, oldVault);
    await query(`
      WITH one AS (INSERT INTO tenants (name) VALUES ('One') RETURNING id)
      INSERT INTO token_vault (tenant_id, provider, token_type, identifier, encrypted_value)
      SELECT id, 'google', 'api_key', 'a', 'sealed' FROM one`);
    expect(await migrate('vault')).toEqual([]);
    expect(await setting.kit.push(NEW_FILE('vault-with-index'))).toEqual([
      'ALTER TABLE "token_vault" DROP CONSTRAINT "token_vault_unique";',
      'CREATE UNIQUE INDEX "token_vault_unique" ON "token_vault" USING btree ("tenant_id","provider","token_type","identifier");',
    ]);
    const before = await schemaOf(setting.database);
    expect(await migrate('vault')).toEqual([]);
    expect(await schemaOf(setting.database)).toEqual(before);
    expect(await setting.kit.push(NEW_FILE('vault-with-index'))).toEqual([]);
  });

  it('finds nothing to do in a schema of its own', async () => {
    await query('CREATE SCHEMA app');
    await migrateOn(setting.database, { stores: [...STORES, 'calendar'] }, { schema: 'app' });
    const pushed = await setting.kit.push(NEW_FILE('all-in-app'), 'app');
    expect(pushed.filter((sql) => !sql.includes('CONSTRAINT "token_vault_unique"'))).toEqual([]);
  });
});

describe('drizzle-kit generate', () => {
  it.each(STORES)('makes what %s adds, once, and migrate finds it there', async (store) => {
    await setting.kit.generate(OLD_FILE(store));
    await setting.kit.migrate();
    const path = await setting.kit.generate(NEW_FILE(store));
    expect(path === undefined ? [] : statementsOf(path)).toEqual(ADDED[store]);
    await setting.kit.migrate();

    const before = await schemaOf(setting.database);
    expect(await migrate(store)).toEqual([]);
    expect(await schemaOf(setting.database)).toEqual(before);
    expect(await setting.kit.generate(NEW_FILE(store))).toBeUndefined();
    expect(await changesOfPush(store)).toEqual([]);
  });

  it('gives an id that an application’s code has made a default in the table', async () => {
    await setting.kit.generate(NEW_FILE('integration-code-ids'));
    await setting.kit.migrate();
    const path = await setting.kit.generate(NEW_FILE('integration'));
    expect(statementsOf(path!).sort()).toEqual(
      [
        'ALTER TABLE "integration_tokens" ALTER COLUMN "id" SET DEFAULT gen_random_uuid();',
        ...ADDED.integration,
      ].sort(),
    );
    await setting.kit.migrate();
    expect(await migrate('integration')).toEqual([]);
    expect(await setting.kit.generate(NEW_FILE('integration'))).toBeUndefined();
    expect(await changesOfPush('integration')).toEqual([]);
  });

  it.each(['zoho', 'vault', 'integration'] as const)(
    'is quiet after migrate was first and its migration was emptied (%s)',
    async (store) => {
      await setting.kit.generate(OLD_FILE(store));
      await setting.kit.migrate();
      expect(await migrate(store)).toEqual([]);
      const path = await setting.kit.generate(NEW_FILE(store));
      await expect(setting.kit.migrate()).rejects.toThrow('ADD COLUMN');
      rewrite(path!, '-- Made by: npx tokenkeep migrate');
      await setting.kit.migrate();

      expect(await setting.kit.generate(NEW_FILE(store))).toBeUndefined();
      expect(await changesOfPush(store)).toEqual([]);
    },
  );
});
