/** A `search_path` that leads nowhere, or elsewhere. */

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { useEveryStore } from '../database/every-store';
import { examine, on } from '../doctor/doctor';
import { migrateOn } from '../helpers/tables';
import { useScene } from './scene';

const scene = useScene();
const tables = () =>
  scene.sql(`SELECT schemaname FROM pg_tables WHERE tablename = 'gmail_tokens' ORDER BY 1`);

describe('a search_path that leads to no schema', () => {
  it.each([
    ["''", 'search_path is empty'],
    ["'$user, public'", 'search_path is "$user, public"'],
    ['nowhere', 'search_path is nowhere'],
  ])(
    'SET search_path = %s: migrate refuses, and makes nothing that no call would find',
    async (path, said) => {
      await scene.set(`search_path = ${path}`);
      await expect(migrateOn(scene.database, { stores: ['gmail'] })).rejects.toMatchObject({
        code: 'ERR_TOKENKEEP_SCHEMA',
        message: expect.stringContaining(said),
      });
      expect(await tables()).toEqual([]);
      const told = (await examine(on(scene.database))).check('database.search-path');
      expect(told).toMatchObject({ status: 'problem', found: expect.stringContaining(said) });
    },
  );

  it('is named by calls whose table is there', async () => {
    await scene.migrate();
    await scene.set(`search_path = ''`);
    for (const call of [
      () => scene.keep().gmail.hasActiveGmailConnection('user'),
      () => scene.keep().integration.getToken('user', 'google'),
      () => scene.gmailUser(scene.keep()),
    ]) {
      await expect(call()).rejects.toMatchObject({
        code: 'ERR_TOKENKEEP_SCHEMA',
        message: expect.stringContaining('search_path'),
      });
    }
  });

  it('does not matter where the schema is named', async () => {
    await scene.set(`search_path = ''`);
    await scene.migrate({ schema: 'public' });
    await scene.migrate({ schema: 'public' });
    await useEveryStore(scene.keep({ schema: 'public' }), scene.endpoint);
    const { check } = await examine(on(scene.database), ['--offline', '--schema', 'public']);
    expect(check('database.search-path')).toMatchObject({ status: 'ok' });
    expect(check('gmail.table')).toMatchObject({ status: 'ok' });
  });

  it('stops the files of migrations with psql, too', async () => {
    await scene.set(`search_path = ''`);
    const client = new pg.Client(scene.database.url);
    await client.connect();
    for (const name of [
      '0001_gmail',
      '0002_zoho',
      '0003_vault',
      '0004_calendar',
      '0006_integration',
    ]) {
      const run = client.query(readFileSync(`migrations/${name}.sql`, 'utf8'));
      await expect(run, name).rejects.toMatchObject({
        code: '3F000',
        message: expect.stringContaining('search_path'),
      });
    }
    await client.end();
  });
});

it('a table that stands behind the first schema of the path is migrated where it is', async () => {
  await migrateOn(scene.database, { stores: ['gmail'] });
  await scene.sql('CREATE SCHEMA app');
  await scene.set('search_path = app, public');
  await migrateOn(scene.database, { stores: ['gmail'] });
  expect(await tables()).toEqual([{ schemaname: 'public' }]);
  await scene.gmailUser(scene.keep());
});
