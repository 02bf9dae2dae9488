/** Databases that were not migrated again, and roles without a right to schema `tokenkeep`. */

import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';
import { INVALID_GRANT, STORES, type User, useScene } from './scene';

const scene = useScene();
const query = (sql: string) => scene.database.client.query(sql);
afterEach(async () => {
  await migrateOn(scene.database, { stores: [...STORES] });
});

const ROLE = 'without_tokenkeep';

/** The URL of a role that reads and writes the stores' tables, and nothing in schema `tokenkeep`. */
async function strangerUrl(): Promise<string> {
  await query(`DO $$ BEGIN CREATE ROLE ${ROLE} LOGIN PASSWORD 'stranger' BYPASSRLS;
    EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
  await query(`GRANT ALL ON ALL TABLES IN SCHEMA public TO ${ROLE}`);
  const url = new URL(scene.database.url);
  url.username = ROLE;
  url.password = 'stranger';
  return url.href;
}

const ways = {
  'without the tables': async () => {
    await query('DROP TABLE tokenkeep.refresh_state, tokenkeep.oauth_client');
    return scene.database.url;
  },
  'without the right to the schema': strangerUrl,
};

describe.each(Object.entries(ways))('%s', (_, prepare) => {
  it.each(STORES)(
    'rows of the %s store are refreshed, and end where their client has refreshed one',
    async (store) => {
      const [alive, dead, first, refused] = (await scene.oldUsers(store, 4)) as [
        User,
        User,
        User,
        User,
      ];
      const databaseUrl = await prepare();
      const application = scene.application('client', { databaseUrl });
      scene.endpoint.script(() => INVALID_GRANT);
      expect(await failureOf(application.valid(first))).toMatchObject({
        code: 'ERR_TOKENKEEP_CLIENT_UNPROVEN',
        reason: 'never_refreshed',
      });
      scene.endpoint.script([]);
      expect(await application.valid(alive)).toMatch(/^access-/);
      scene.endpoint.script(() => INVALID_GRANT);
      expect(await failureOf(application.valid(dead))).toMatchObject({
        code: 'ERR_TOKENKEEP_REVOKED',
      });
      expect(await scene.connected([alive, dead, first])).toEqual([alive, first]);

      // What is not remembered is asked again by the next instance.
      scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_scope' } }));
      scene.endpoint.requests.length = 0;
      for (let instance = 0; instance < 2; instance++) {
        const one = scene.application('client', { databaseUrl });
        expect(await failureOf(one.valid(refused))).toMatchObject({
          code: 'ERR_TOKENKEEP_PROVIDER_REFUSED',
        });
        await one.keep.close();
      }
      expect(scene.endpoint.requests).toHaveLength(2);
    },
  );
});

it('so many rows end in one process, and no more until one is refreshed', async () => {
  const users = await scene.oldUsers('gmail', 9);
  await query('DROP TABLE tokenkeep.refresh_state, tokenkeep.oauth_client');
  const application = scene.application();
  expect(await application.valid(users.pop()!)).toMatch(/^access-/);
  scene.endpoint.script(() => INVALID_GRANT);
  const codes: string[] = [];
  for (const user of users) codes.push((await failureOf(application.valid(user))).code);
  expect(codes.filter((code) => code === 'ERR_TOKENKEEP_REVOKED')).toHaveLength(5);
  expect(codes.slice(5)).toEqual(Array(3).fill('ERR_TOKENKEEP_CLIENT_UNPROVEN'));
});

it('a role that has no right is one that can log in', async () => {
  const client = new pg.Client(await strangerUrl());
  await client.connect();
  const failure = await failureOf(client.query('SELECT FROM tokenkeep.refresh_state'));
  await client.end();
  expect(failure.code).toBe('42501');
});
