/**
 * Performs the fourth step of each guide, in its order, for a team whose migrations drizzle-kit makes: from
 * the team's own database and snapshots to a store that works and a drizzle-kit that finds nothing to do.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TokenKeep, createTokenKeep } from '../../../dist/index.js';
import { UNIQUE_INDEX } from '../../../support/old-zoho/schema.mjs';
import { rewrite, useKit } from '../../drizzle/kit';
import { KEY } from '../../helpers/database';

const root = join(import.meta.dirname, '../../..');

/** What the team has done by hand beside its migrations, and a row of its store there and back. */
const TEAMS: Record<string, { byHand: string; use(keep: TokenKeep): Promise<unknown> }> = {
  gmail: {
    byHand: `INSERT INTO tenants VALUES ('t', 'T'); INSERT INTO users VALUES ('u', 't', 'e')`,
    use: async ({ gmail }) => {
      const expiresAt = new Date(Date.now() + 3_600_000);
      const tokens = { accessToken: 'token', refreshToken: 'refresh', expiresAt, scope: 's' };
      await gmail.upsertGmailTokens({ userId: 'u', tenantId: 't', ...tokens });
      return (await gmail.getValidGmailToken('u')).accessToken;
    },
  },
  zoho: {
    byHand: UNIQUE_INDEX,
    use: async ({ zoho }) => {
      const tokens = { accessToken: 'token', refreshToken: 'refresh', expiresIn: 3_600 };
      await zoho.storeTokens('client', 'zoho_crm', tokens);
      const credentials = { clientId: 'id', clientSecret: 'secret' };
      return zoho.getAccessToken('client', 'zoho_crm', credentials);
    },
  },
  vault: {
    byHand: `INSERT INTO tenants VALUES ('6f0f9f4e-0000-4000-8000-000000000000', 'T')`,
    use: async ({ vault }) => {
      const tenant = '6f0f9f4e-0000-4000-8000-000000000000';
      await vault.storeToken(tenant, 'google', 'access_token', { value: 'token' });
      return (await vault.getAccessToken(tenant, 'google'))?.token.value;
    },
  },
  integration: {
    byHand: 'SELECT',
    use: async ({ integration }) => {
      const expiresAt = new Date(Date.now() + 3_600_000);
      const tokens = { accessToken: 'token', refreshToken: 'refresh', expiresAt, scopes: [] };
      await integration.storeToken('user', 'google', tokens);
      return (await integration.getValidToken('user', 'google')).accessToken;
    },
  },
};

/** The guide's commands and changes of files, as its fourth step shows them. */
function stepsOf(store: string): { kind: string; text: string }[] {
  const guide = readFileSync(join(root, `docs/adopt/${store}.md`), 'utf8');
  const [, step] = /^## 4\. (.*?)^## 5\. /ms.exec(guide) ?? [];
  const blocks = [...step!.matchAll(/^```(\w*)\n(.*?)^```/gms)];
  return blocks.flatMap(([, language, text]) =>
    language === 'diff'
      ? [{ kind: 'change', text: text! }]
      : text!
          .trim()
          .split('\n')
          .map((line) => ({ kind: 'command', text: line })),
  );
}

/** A changed file: the first line of a change is what was there, the second what is there now. */
function changed(sql: string, change: string): string {
  const [before, after] = change.split('\n').map((line) => line.slice(1));
  expect(sql).toContain(before);
  return sql.replace(before!, after!);
}

const setting = useKit();

describe.each(Object.entries(TEAMS))('the steps for %s', (store, { byHand, use }) => {
  it('lead from its own migrations to a store that works, and drizzle-kit has no changes', async () => {
    const own = `support/old-${store}/schema.mjs`;
    await setting.kit.generate(own);
    await setting.kit.migrate();
    await setting.database.client.query(byHand);

    const steps = stepsOf(store);
    // The guide to gmail leaves the team's declaration, which has all columns, as it is.
    const schema = store === 'gmail' ? own : `__test__/drizzle/schemas/${store}.ts`;
    const keys = { tokenkeepKey: KEY, gmailEncryptionKey: KEY, encryptionSecret: 's'.repeat(32) };
    const keep = createTokenKeep({ databaseUrl: setting.database.url, ...keys });
    try {
      let migration: string | undefined;
      for (const { kind, text } of steps) {
        if (kind === 'change') {
          rewrite(migration!, changed(readFileSync(migration!, 'utf8'), text));
        } else if (text === 'npx drizzle-kit generate')
          migration = await setting.kit.generate(schema);
        else if (text === 'npx drizzle-kit migrate') await setting.kit.migrate();
        else if (text === `npx tokenkeep migrate --store ${store}`) {
          expect(await keep.migrate({ stores: [store as 'zoho'] })).toEqual([]);
        } else throw new Error(`A command that this test does not know: ${text}`);
      }
      expect(await setting.kit.generate(schema)).toBeUndefined();
      expect(await use(keep)).toBe('token');
    } finally {
      await keep.close();
    }
  });
});
