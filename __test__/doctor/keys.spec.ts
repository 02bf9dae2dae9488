/** The keys: whether they are there, and open what is stored. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { KEY, OTHER_KEY, emptyDatabase, type TestDatabase } from '../helpers/database';
import { insertRow } from '../helpers/rows';
import { migrateOn } from '../helpers/tables';
import { COMPLETE, type Environment, examine, on } from './doctor';

const SECRET = COMPLETE['ENCRYPTION_SECRET']!;
const OTHER_SECRET = 'another one of thirty-two letters';
const TENANT = '7d0f6c1e-57a1-4f0e-9b3e-0d8f4c1d2a11';
const USER = '3f1f8f4c-3b1e-4a7f-8a53-111111111111';

let database: TestDatabase;
beforeAll(async () => {
  database = await emptyDatabase();
  await migrateOn(database, { stores: ['gmail', 'zoho', 'vault', 'calendar', 'integration'] });
});
beforeEach(() =>
  database.client.query(
    'TRUNCATE gmail_tokens, oauth_tokens, token_vault, google_calendar_tokens, integration_tokens',
  ),
);
afterAll(() => database.drop());

const look = (env: Environment = {}) => examine(on(database, env));

/** Stores one token in each store but gmail. */
async function fill(options: TokenKeepOptions = {}): Promise<void> {
  const keep = createTokenKeep({
    databaseUrl: database.url,
    tokenkeepKey: KEY,
    encryptionSecret: SECRET,
    ...options,
  });
  const tokens = { accessToken: 'secret-access', refreshToken: 'secret-refresh' };
  const expiresAt = new Date(Date.now() + 3_600_000);
  await keep.zoho.storeTokens('client', 'zoho_crm', { ...tokens, expiresIn: 3_600 });
  await keep.vault.storeToken(TENANT, 'google', 'access_token', { value: 'secret-access' });
  await keep.calendar.saveCalendarTokens(USER, 'secret-access', 'secret-refresh', expiresAt, []);
  await keep.integration.storeToken(USER, 'google', { ...tokens, expiresAt, scopes: [] });
  await keep.close();
}

const OWN = ['zoho', 'calendar', 'integration'];

describe('stored rows', () => {
  it('that the keys open are all right, and nothing of them is printed', async () => {
    await fill();
    await insertRow(database, { accessToken: 'secret-access' });
    const { check, stdout } = await look();
    for (const store of [...OWN, 'gmail', 'vault']) {
      expect(check(`${store}.rows`), store).toMatchObject({
        status: 'ok',
        values: { rows: 1, sealed: 1, unopened: 0, plaintext: 0 },
      });
    }
    for (const secret of ['secret', KEY, SECRET, USER, TENANT, 'tk1.']) {
      expect(stdout).not.toContain(secret);
    }
  });

  it('that another key sealed are a problem, and open when it is given back', async () => {
    await fill();
    await insertRow(database);
    await insertRow(database, { key: OTHER_KEY });
    const other = { TOKENKEEP_KEY: OTHER_KEY, ENCRYPTION_SECRET: OTHER_SECRET };
    const { check } = await look(other);
    for (const store of [...OWN, 'vault']) {
      expect(check(`${store}.rows`), store).toMatchObject({
        status: 'problem',
        found: expect.stringContaining('1 of the 1 newest rows cannot be opened'),
      });
    }
    expect(check('gmail.rows')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining(
        '1 of the 2 newest rows cannot be opened with GMAIL_ENCRYPTION_KEY',
      ),
      fix: expect.stringContaining('2:current,1:previous'),
    });
    const back = await look({
      GMAIL_ENCRYPTION_KEY: `2:${KEY},1:${OTHER_KEY}`,
      TOKENKEEP_KEY: `2:${OTHER_KEY},1:${KEY}`,
      ENCRYPTION_SECRET: OTHER_SECRET,
      ENCRYPTION_SECRET_PREVIOUS: SECRET,
    });
    for (const store of [...OWN, 'gmail', 'vault']) {
      expect(back.check(`${store}.rows`), store).toMatchObject({ status: 'ok' });
    }
  });

  it('name the key versions that are in use', async () => {
    await insertRow(database, { keyVersion: 1 });
    await insertRow(database, { keyVersion: 7 });
    await fill({ tokenkeepKey: `3:${KEY}` });
    const { check } = await look({ TOKENKEEP_KEY: `3:${KEY}` });
    expect(check('gmail.rows')).toMatchObject({ values: { versions: { 1: 1, 7: 1 } } });
    expect(check('zoho.rows')!.found).toContain('Key versions: 3 (1)');
  });

  it('in plaintext are reported: a warning, a problem where that is refused, none where it is meant', async () => {
    await fill({ sealing: 'off' });
    for (const [env, status] of [
      [{}, 'warning'],
      [{ TOKENKEEP_REQUIRE_SEALED: '1' }, 'problem'],
      [{ TOKENKEEP_SEALING: 'off' }, 'ok'],
    ] as [Environment, string][]) {
      const { check } = await look(env);
      for (const store of OWN) {
        expect(check(`${store}.rows`), store).toMatchObject({
          status,
          values: { plaintext: 1, sealed: 0 },
        });
      }
    }
  });

  it('that were copied into another row do not open there', async () => {
    await fill();
    await database.client.query(`UPDATE integration_tokens SET user_id = 'somebody else'`);
    expect((await look()).check('integration.rows')).toMatchObject({ status: 'problem' });
  });

  it('of a great number are looked at only where they are newest', async () => {
    await database.client.query(
      `INSERT INTO oauth_tokens (client_id, provider, refresh_token, updated_at)
       SELECT n, 'zoho_crm', CASE WHEN n > 100 THEN 'tk1.1.AAAA' ELSE 'plain' END, now() - n * interval '1 minute' FROM generate_series(1, 150) AS n`,
    );
    expect((await look()).check('zoho.rows')).toMatchObject({
      status: 'warning',
      values: { rows: 100, plaintext: 100, unopened: 0 },
    });
  });
});

describe('keys', () => {
  const keys = ['GMAIL_ENCRYPTION_KEY', 'TOKENKEEP_KEY', 'ENCRYPTION_SECRET'];

  it.each(keys)('are there, missing, or malformed: %s', async (name) => {
    const id = `keys.${name}`;
    expect((await look()).check(id)).toMatchObject({ status: 'ok' });
    const missing = (await look({ [name]: '' })).check(id);
    expect(missing).toMatchObject({ status: 'problem', found: expect.stringContaining(name) });
    const { check, stdout } = await look({ [name]: 'deadbeef' });
    expect(check(id)).toMatchObject({
      status: 'problem',
      found: expect.stringMatching(/64 hex|32 char/),
    });
    expect(stdout).not.toContain('deadbeef');
  });

  it('that are not there leave rows unjudged', async () => {
    await fill();
    await insertRow(database);
    const { check } = await look({
      TOKENKEEP_KEY: '',
      GMAIL_ENCRYPTION_KEY: '',
      ENCRYPTION_SECRET: '',
    });
    for (const store of [...OWN, 'gmail', 'vault']) {
      expect(check(`${store}.rows`), store).toMatchObject({ status: 'unknown' });
    }
  });

  it('are no problem where plaintext is written', async () => {
    const { check } = await look({ TOKENKEEP_KEY: '', TOKENKEEP_SEALING: 'off' });
    expect(check('keys.TOKENKEEP_KEY')).toMatchObject({ status: 'warning' });
    const contradiction = await look({ TOKENKEEP_SEALING: 'off', TOKENKEEP_REQUIRE_SEALED: '1' });
    expect(contradiction.check('keys.TOKENKEEP_KEY')).toMatchObject({ status: 'problem' });
  });
});
