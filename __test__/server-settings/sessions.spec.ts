/** Settings of role and database that change what a session does. */

import { expect, it } from 'vitest';
import { STORES, useEveryStore } from '../database/every-store';
import { examine, on } from '../doctor/doctor';
import { useScene } from './scene';

const scene = useScene();

it.each(['statement_timeout = 1', 'idle_in_transaction_session_timeout = 1', 'lock_timeout = 1'])(
  '%s ends no migration',
  async (setting) => {
    await scene.set(setting);
    await scene.migrate();
    await scene.migrate();
  },
);

it('a timeout that is too short is a warning, which names it', async () => {
  await scene.migrate();
  const look = async () => (await examine(on(scene.database))).check('database.timeouts');
  expect(await look()).toMatchObject({ status: 'ok' });
  await scene.set("statement_timeout = '900ms'");
  expect(await look()).toMatchObject({
    status: 'warning',
    found: expect.stringContaining('statement_timeout = 900ms'),
  });
});

it.each(['repeatable read', 'serializable'])(
  'default_transaction_isolation = %s: migrations that run at the same time do not fail',
  async (isolation) => {
    await scene.set(`default_transaction_isolation = '${isolation}'`);
    await Promise.all(Array.from({ length: 4 }, () => scene.migrate()));
    await useEveryStore(scene.keep(), scene.endpoint);
  },
);

it.each([
  'standard_conforming_strings = off',
  `DateStyle = 'German, DMY'`,
  'IntervalStyle = sql_standard',
  'bytea_output = escape',
  'row_security = off',
  'extra_float_digits = -15',
  `TimeZone = 'Asia/Kolkata'`,
  'array_nulls = off',
  'transform_null_equals = on',
  'default_transaction_deferrable = on',
])('%s: every store works, and the doctor is content', async (setting) => {
  await scene.set(setting);
  await scene.migrate();
  await scene.migrate();
  await useEveryStore(scene.keep(), scene.endpoint);
  const { check } = await examine(on(scene.database));
  for (const store of STORES) {
    for (const of of ['table', 'migrations', 'rights', 'triggers', 'rows']) {
      expect(check(`${store}.${of}`), `${store}.${of}`).toMatchObject({ status: 'ok' });
    }
  }
});

it('a role whose transactions are read-only by default gets an error that says so', async () => {
  await scene.migrate();
  await scene.set('default_transaction_read_only = on');
  const readOnly = { message: expect.stringContaining('default_transaction_read_only') };
  await expect(scene.gmailUser(scene.keep())).rejects.toMatchObject(readOnly);
  await expect(scene.migrate()).rejects.toMatchObject(readOnly);
});

it.each([
  ['a view', 'CREATE VIEW gmail_tokens AS SELECT * FROM theirs'],
  ['a materialized view', 'CREATE MATERIALIZED VIEW gmail_tokens AS SELECT * FROM theirs'],
  [
    'a foreign table',
    `CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
     CREATE FOREIGN TABLE gmail_tokens (user_id text) SERVER nowhere`,
  ],
])('%s in the place of the table is refused by its name', async (kind, sql) => {
  await scene.migrate();
  await scene.sql(`ALTER TABLE gmail_tokens RENAME TO theirs; ${sql}`);
  const said = `gmail_tokens is ${kind}, must be a table`;
  await expect(scene.migrate()).rejects.toMatchObject({ message: expect.stringContaining(said) });
  const { check } = await examine(on(scene.database), ['--offline', '--store', 'gmail']);
  expect(check('gmail.table')).toMatchObject({
    status: 'problem',
    found: expect.stringContaining(said),
  });
});

it('a table that a crash would empty is a problem', async () => {
  await scene.migrate();
  await scene.sql('ALTER TABLE gmail_tokens SET UNLOGGED');
  const { check } = await examine(on(scene.database), ['--offline', '--store', 'gmail']);
  expect(check('gmail.table')).toMatchObject({
    status: 'problem',
    found: expect.stringContaining('ALTER TABLE public.gmail_tokens SET LOGGED'),
  });
});
