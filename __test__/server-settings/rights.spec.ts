/** Rights on columns, and rights that are missing. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { STORES, useEveryStore } from '../database/every-store';
import { examine, nameOf, on, role } from '../doctor/doctor';
import { migrateOn } from '../helpers/tables';
import { useScene } from './scene';

const scene = useScene();
let url: string;
let name: string;
beforeEach(async () => {
  await scene.migrate();
  url = await role(scene.database, 'columns');
  name = nameOf(url);
  await scene.sql(`ALTER ROLE ${name} BYPASSRLS`);
});
afterEach(async () => {
  await scene.sql(`DROP OWNED BY ${name}; DROP ROLE ${name}`);
});

const look = () => examine(on(scene.database, { DATABASE_URL: url }));
/** Runs what the doctor says to run. */
const follow = (fix: string) => scene.sql(fix.replace('As the owner: ', ''));
const TABLES = ['gmail_tokens', 'oauth_tokens', 'token_vault', 'google_calendar_tokens'].concat(
  'integration_tokens',
);

describe('rights on columns', () => {
  it('are those that every store needs, when the doctor’s statements have granted them', async () => {
    for (const table of TABLES) {
      // With a right on some column the doctor names the others.
      await scene.sql(`GRANT SELECT (updated_at), INSERT (updated_at), UPDATE (updated_at)
        ON ${table} TO ${name}`);
    }
    const before = await look();
    for (const store of STORES) {
      const told = before.check(`${store}.rights`)!;
      expect(told, store).toMatchObject({ status: 'problem' });
      expect(told.fix).toMatch(/GRANT SELECT \(.*\), INSERT \(.*\), UPDATE \(.*\)/);
      await follow(told.fix!);
    }
    for (const id of ['refresh.tables', 'connect.tables']) await follow(before.check(id)!.fix!);
    const after = await look();
    for (const store of STORES) {
      expect(after.check(`${store}.rights`), store).toMatchObject({ status: 'ok' });
      expect(after.check(`${store}.rows`), store).toMatchObject({ status: 'ok' });
    }
    await useEveryStore(scene.keep({ databaseUrl: url }), scene.endpoint);
  });

  it.each([
    ['gmail', 'gmail_tokens', 'UPDATE', 'refreshing_at'],
    ['gmail', 'gmail_tokens', 'SELECT', 'key_version'],
    ['zoho', 'oauth_tokens', 'INSERT', 'metadata'],
    ['vault', 'token_vault', 'UPDATE', 'last_used_at'],
    ['integration', 'integration_tokens', 'UPDATE', 'failure_count'],
  ] as const)(
    '%s: the doctor names the one that is missing: %s, %s (%s)',
    async (store, table, right, column) => {
      const columns = await scene.sql(`SELECT string_agg(quote_ident(attname), ', ') AS names
      FROM pg_attribute WHERE attrelid = '${table}'::regclass AND attnum > 0 AND attname <> '${column}'`);
      await scene.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${name};
      REVOKE ${right} ON ${table} FROM ${name};
      GRANT ${right} (${columns[0].names}) ON ${table} TO ${name}`);
      const told = (await look()).check(`${store}.rights`)!;
      expect(told.found).toBe(`The role ${name} lacks ${right} (${column}) on public.${table}.`);
      await follow(told.fix!);
      expect((await look()).check(`${store}.rights`)).toMatchObject({ status: 'ok' });
    },
  );

  it('that a call lacks lead to the doctor', async () => {
    await scene.sql(`GRANT SELECT (user_id) ON gmail_tokens TO ${name}`);
    const call = scene.keep({ databaseUrl: url }).gmail.hasActiveGmailConnection('user');
    await expect(call).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_DATABASE',
      message: expect.stringMatching(/42501.*lacks a privilege\. npx tokenkeep doctor lists/),
    });
  });
});

describe('migrate', () => {
  it('needs no right to make what is there already', async () => {
    await scene.sql(`GRANT USAGE ON SCHEMA tokenkeep TO ${name};
      GRANT ALL ON ALL TABLES IN SCHEMA tokenkeep TO ${name};
      ALTER TABLE gmail_tokens OWNER TO ${name}`);
    await migrateOn(scene.database, { stores: ['gmail'] }, { databaseUrl: url });
  });

  it('says that it is for the owner', async () => {
    const migration = migrateOn(scene.database, { stores: ['gmail'] }, { databaseUrl: url });
    await expect(migration).rejects.toMatchObject({
      message: expect.stringMatching(/42501.*run migrations as the owner/),
    });
  });
});
