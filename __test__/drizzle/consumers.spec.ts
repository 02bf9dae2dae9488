/** `tokenkeep/drizzle` as an application's code sees it: its types, its modules. */

import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type {
  GmailToken,
  GoogleCalendarToken,
  IntegrationTokenRow,
  NewGmailToken,
  NewGoogleCalendarToken,
  NewIntegrationTokenRow,
  NewOAuthToken,
  NewTokenVaultEntry,
  OAuthToken,
  TokenVaultEntry,
} from 'tokenkeep/drizzle';
import type * as oldGmail from '../../support/old-gmail/schema.mjs';
import type * as oldIntegration from '../../support/old-integration/schema.mjs';
import type * as oldVault from '../../support/old-vault/schema.mjs';
import type * as oldZoho from '../../support/old-zoho/schema.mjs';

const require = createRequire(import.meta.url);

function node(...args: string[]) {
  return spawnSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' });
}

describe('the types', () => {
  it('are right for strict ES modules and for strict CommonJS', () => {
    const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
    expect(node(tsc, '-p', 'consumer')).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });

  it('of rows are those that the application had', () => {
    type Lease = { refreshingAt: Date | null };
    type Mark = { invalidSince: Date | null; invalidReason: string | null };
    expectTypeOf<GmailToken>().toEqualTypeOf<typeof oldGmail.gmailTokens.$inferSelect>();
    expectTypeOf<NewGmailToken>().toEqualTypeOf<typeof oldGmail.gmailTokens.$inferInsert>();
    expectTypeOf<OAuthToken>().branded.toEqualTypeOf<
      typeof oldZoho.oauthTokens.$inferSelect & Lease & Mark
    >();
    expectTypeOf<NewOAuthToken>().branded.toEqualTypeOf<
      typeof oldZoho.oauthTokens.$inferInsert & Partial<Lease & Mark>
    >();
    expectTypeOf<TokenVaultEntry>().branded.toEqualTypeOf<
      typeof oldVault.tokenVault.$inferSelect & Lease
    >();
    expectTypeOf<NewTokenVaultEntry>().branded.toEqualTypeOf<
      typeof oldVault.tokenVault.$inferInsert & Partial<Lease>
    >();
    type Health = { lastRefreshedAt: Date | null; lastErrorCode: string | null };
    expectTypeOf<IntegrationTokenRow>().branded.toEqualTypeOf<
      typeof oldIntegration.integrationTokens.$inferSelect &
        Lease &
        Mark &
        Health & { failureCount: number; metadata: unknown }
    >();
    expectTypeOf<NewIntegrationTokenRow>().branded.toEqualTypeOf<
      typeof oldIntegration.integrationTokens.$inferInsert &
        Partial<Lease & Mark & Health> & { failureCount?: number | undefined; metadata?: unknown }
    >();
    expectTypeOf<GoogleCalendarToken>().toEqualTypeOf<{
      userId: string;
      accessToken: string;
      refreshToken: string;
      tokenExpiry: Date | null;
      scopes: string[] | null;
      refreshingAt: Date | null;
      updatedAt: Date | null;
    }>();
    expectTypeOf<NewGoogleCalendarToken>().branded.toEqualTypeOf<
      Pick<GoogleCalendarToken, 'userId' | 'accessToken' | 'refreshToken'> &
        Partial<GoogleCalendarToken>
    >();
  });
});

describe('the modules', () => {
  const NAMES = {
    'tokenkeep/drizzle': [
      'gmailTokensTable',
      'googleCalendarTokensTable',
      'integrationTokensTable',
      'oauthTokensTable',
      'tokenProviderEnum',
      'tokenTypeEnum',
      'tokenVaultTable',
    ],
    'tokenkeep/drizzle/relations': [
      'gmailTokensRelations',
      'integrationTokensRelations',
      'tokenVaultRelations',
    ],
  };

  it.each(Object.entries(NAMES))('%s loads with import and require', (entry, names) => {
    const print = 'process.stdout.write(Object.keys(drizzle).sort().join())';
    const imported = `import * as drizzle from '${entry}'; ${print}`;
    const required = `const drizzle = require('${entry}'); ${print}`;
    const whole = { status: 0, stdout: names.join(), stderr: '' };
    expect(node('--input-type=module', '-e', imported)).toMatchObject(whole);
    expect(node('-e', required)).toMatchObject(whole);
  });

  it('of the other entries do without drizzle-orm and effect, which are optional', () => {
    const loaded = `
      for (const entry of process.argv.slice(1)) require(entry);
      const paths = Object.keys(require.cache);
      process.stdout.write(String(paths.filter((path) => /drizzle|node_modules.effect/.test(path)).length));`;
    const { exports } = require('tokenkeep/package.json');
    const entries = Object.keys(exports)
      .filter((entry) => !/drizzle|effect/.test(entry))
      .map((entry) => entry.replace('.', 'tokenkeep'));
    expect(entries.length).toBeGreaterThan(3);
    expect(node('-e', loaded, ...entries)).toMatchObject({ status: 0, stdout: '0' });
    expect(Number(node('-e', loaded, 'tokenkeep/drizzle').stdout)).toBeGreaterThan(0);
  });
});
