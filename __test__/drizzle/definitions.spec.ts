/** What a factory declares is what its store's migration makes, column by column. */

import { getTableColumns } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { tokenVaultTable } from 'tokenkeep/drizzle';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as oldCalendar from '../../support/old-calendar/index.mjs';
import * as oldGmail from '../../support/old-gmail/schema.mjs';
import * as oldIntegration from '../../support/old-integration/schema.mjs';
import * as oldVault from '../../support/old-vault/schema.mjs';
import * as oldZoho from '../../support/old-zoho/schema.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { makeTables, migrateOn, tableOf } from '../helpers/tables';
import * as app from './schemas/all-in-app';
import * as calendar from './schemas/calendar';
import * as calendarElsewhere from './schemas/calendar-unsecured';
import * as gmail from './schemas/gmail';
import * as integration from './schemas/integration';
import * as integrationOwn from './schemas/integration-own';
import * as vault from './schemas/vault';
import * as zoho from './schemas/zoho';

const TABLES = [
  'gmail_tokens',
  'oauth_tokens',
  'token_vault',
  'google_calendar_tokens',
  'integration_tokens',
];

let declared: TestDatabase;
let migrated: TestDatabase;
beforeEach(async () => {
  [declared, migrated] = await Promise.all([emptyDatabase(), emptyDatabase()]);
});
afterEach(() => Promise.all([declared.drop(), migrated.drop()]));

describe('a declared table', () => {
  it.each([
    {
      store: 'gmail' as const,
      table: 'gmail_tokens',
      others: { tenants: gmail.tenants, users: gmail.users, siteSettings: gmail.siteSettings },
      schema: gmail,
      counts: { columns: 11, constraints: 4, indexes: 4, policies: 1 },
    },
    {
      store: 'zoho' as const,
      table: 'oauth_tokens',
      others: {},
      schema: zoho,
      counts: { columns: 13, constraints: 1, indexes: 2, policies: 0 },
    },
    {
      store: 'vault' as const,
      table: 'token_vault',
      others: { tenants: vault.tenants },
      schema: vault,
      counts: { columns: 14, constraints: 3, indexes: 5, policies: 0 },
    },
    {
      store: 'integration' as const,
      table: 'integration_tokens',
      others: {},
      schema: integration,
      counts: { columns: 16, constraints: 1, indexes: 3, policies: 0 },
    },
  ])('$table is the migrated one', async ({ store, table, others, schema, counts }) => {
    await makeTables(migrated, others);
    expect(await migrateOn(migrated, { stores: [store] })).toEqual([]);
    await makeTables(declared, schema);
    const made = await tableOf(declared, table);
    expect(made).toEqual(await tableOf(migrated, table));
    expect(made).toMatchObject(
      Object.fromEntries(Object.entries(counts).map(([of, length]) => [of, { length }])),
    );
  });

  it.each([
    { where: 'on Supabase', schema: calendar, counts: { constraints: 2, policies: 1 } },
    { where: 'elsewhere', schema: calendarElsewhere, counts: { constraints: 1, policies: 0 } },
  ])('google_calendar_tokens is the migrated one $where', async ({ where, schema, counts }) => {
    if (where === 'on Supabase') {
      for (const { client } of [migrated, declared]) await client.query(oldCalendar.AUTH);
    }
    await migrateOn(migrated, { stores: ['calendar'] });
    await makeTables(declared, schema);
    const made = await tableOf(declared, 'google_calendar_tokens');
    expect(made).toEqual(await tableOf(migrated, 'google_calendar_tokens'));
    expect(made.isRowSecure).toEqual([String(counts.policies > 0)]);
    expect(made).toMatchObject({
      columns: { length: 7 },
      indexes: { length: 1 },
      constraints: { length: counts.constraints },
      policies: { length: counts.policies },
    });
  });

  it('google_calendar_tokens is the one of an adopted application', async () => {
    for (const { client } of [migrated, declared]) await client.query(oldCalendar.AUTH);
    await migrated.client.query(oldCalendar.MIGRATION);
    expect(await migrateOn(migrated, { stores: ['calendar'] })).toEqual([]);
    await makeTables(declared, calendar);
    const made = await tableOf(declared, 'google_calendar_tokens');
    expect(made).toEqual(await tableOf(migrated, 'google_calendar_tokens'));
  });

  it('integration_tokens is the one of an adopted application', async () => {
    await makeTables(migrated, oldIntegration);
    expect(await migrateOn(migrated, { stores: ['integration'] })).toEqual([]);
    await makeTables(declared, integration);
    const made = await tableOf(declared, 'integration_tokens');
    expect(made).toEqual(await tableOf(migrated, 'integration_tokens'));
  });

  it('integration_tokens takes an application’s own columns, key and users', async () => {
    await makeTables(declared, integration);
    const usual = await tableOf(declared, 'integration_tokens');
    await declared.client.query('DROP TABLE integration_tokens');
    await makeTables(declared, integrationOwn);
    const own = await tableOf(declared, 'integration_tokens');
    expect(own.columns).toEqual(
      [
        ...usual.columns.filter((column) => !column.startsWith('id ')),
        'id integer NOT NULL',
        'version integer NOT NULL DEFAULT 1',
        'deleted_at timestamp with time zone',
      ].sort(),
    );
    expect(own.constraints).toEqual([
      'integration_tokens_pkey PRIMARY KEY (id)',
      'integration_tokens_user_id_provider_unique UNIQUE (user_id, provider)',
      'integration_tokens_user_id_users_id_fk FOREIGN KEY (user_id) REFERENCES users(id) ON DELETE CASCADE',
    ]);
  });

  it('in a schema of its own, referring to nothing, is the migrated one', async () => {
    await migrated.client.query('CREATE SCHEMA app');
    const stores = ['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const;
    await migrateOn(migrated, { stores: [...stores] }, { schema: 'app' });
    await makeTables(declared, app);
    for (const name of TABLES) {
      const table = `app.${name}`;
      const made = await tableOf(declared, table);
      expect(made).toEqual(await tableOf(migrated, table));
      expect(made.constraints.join()).not.toContain('FOREIGN KEY');
    }
  });

  it('in a schema of its own has enums of its own, or says so', () => {
    expect(() => tokenVaultTable({ schema: app.app })).toThrow(/token_provider.*schema\.enum/);
    expect(() =>
      tokenVaultTable({ schema: app.app, tokenProviderEnum: app.tokenProviderEnum }),
    ).toThrow(/token_type/);
  });

  it.each<[string, PgTable, PgTable, string[]]>([
    ['gmail', gmail.gmailTokens, oldGmail.gmailTokens, []],
    [
      'zoho',
      zoho.oauthTokens,
      oldZoho.oauthTokens,
      ['refreshingAt', 'invalidSince', 'invalidReason'],
    ],
    ['vault', vault.tokenVault, oldVault.tokenVault, ['refreshingAt']],
    [
      'integration',
      integration.integrationTokens,
      oldIntegration.integrationTokens,
      [
        'refreshingAt',
        'invalidSince',
        'invalidReason',
        'lastRefreshedAt',
        'lastErrorCode',
        'failureCount',
        'metadata',
      ],
    ],
  ])('has the names that the %s application knows, and more', (_, ours, theirs, added) => {
    const names = (table: PgTable) =>
      Object.entries(getTableColumns(table)).map(([key, { name }]) => `${key} ${name}`);
    expect(names(ours)).toEqual(expect.arrayContaining(names(theirs)));
    expect(Object.keys(getTableColumns(ours)).sort()).toEqual(
      [...Object.keys(getTableColumns(theirs)), ...added].sort(),
    );
  });
});
