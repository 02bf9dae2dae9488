/** `quote_all_identifiers = on`: the server prints every name in quotation marks. */

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { expect, it } from 'vitest';
import { STORES, useEveryStore } from '../database/every-store';
import { examine, on } from '../doctor/doctor';
import { useScene } from './scene';

const scene = useScene();

it('unique keys are recognised, by migrate and by the doctor, and every store works', async () => {
  await scene.set('quote_all_identifiers = on');
  await scene.migrate();
  await scene.migrate();
  const { check } = await examine(on(scene.database));
  for (const store of STORES) {
    expect(check(`${store}.table`), store).toMatchObject({ status: 'ok' });
    expect(check(`${store}.migrations`), store).toMatchObject({ status: 'ok' });
  }
  expect(check('gmail.table')!.found).toContain('public.gmail_tokens');
  await useEveryStore(scene.keep(), scene.endpoint);
});

it('a migration runs twice with psql', async () => {
  await scene.set('quote_all_identifiers = on');
  const client = new pg.Client(scene.database.url);
  await client.connect();
  for (let run = 0; run < 2; run++) {
    await client.query(readFileSync('migrations/0003_vault.sql', 'utf8'));
  }
  await client.end();
});

it('a policy that asks for the signed-in user is recognised', async () => {
  await scene.sql(`CREATE SCHEMA auth;
    CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
      AS 'SELECT nullif(current_setting(''request.jwt.claim.sub'', true), '''')::uuid'`);
  await scene.migrate();
  const role = `plain_${scene.database.client.database!.slice(-8)}`;
  await scene.sql(`CREATE ROLE ${role} LOGIN PASSWORD 'plain'; GRANT USAGE ON SCHEMA auth TO ${role};
    GRANT ALL ON google_calendar_tokens TO ${role}`);
  await scene.set('quote_all_identifiers = on');
  const url = new URL(scene.database.url);
  url.username = role;
  url.password = 'plain';
  const { calendar } = scene.keep({ databaseUrl: url.href }).forTenant('acme');
  const user = '00000000-0000-4000-8000-000000000001';
  await expect(calendar.getCalendarTokens(user)).rejects.toMatchObject({
    code: 'ERR_TOKENKEEP_TENANT_REQUIRED',
  });
  await scene.sql(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
});
