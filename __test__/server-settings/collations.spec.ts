/** Collations, and types, to which the ids of two users are the same. */

import { beforeEach, describe, expect, it } from 'vitest';
import { examine, on } from '../doctor/doctor';
import { failureOf } from '../helpers/promises';
import { migrateOn } from '../helpers/tables';
import { useScene } from './scene';

const scene = useScene();
const TENANT = '00000000-0000-4000-8000-000000000001';
const IN_AN_HOUR = new Date(Date.now() + 3_600_000);

beforeEach(async () => {
  await scene.migrate();
  await scene.sql(`CREATE COLLATION same_case
    (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`);
});

const gmail = (userId: string, accessToken: string) =>
  scene.keep().gmail.upsertGmailTokens({
    userId,
    tenantId: 't',
    accessToken,
    refreshToken: '',
    expiresAt: IN_AN_HOUR,
    scope: '',
  });

const COLUMN = 'ALTER TABLE gmail_tokens ALTER user_id TYPE text COLLATE same_case';
const INDEX = `ALTER TABLE gmail_tokens DROP CONSTRAINT gmail_tokens_user_id_unique;
  CREATE UNIQUE INDEX ON gmail_tokens (user_id COLLATE same_case)`;
const CITEXT = 'CREATE EXTENSION citext; ALTER TABLE gmail_tokens ALTER user_id TYPE citext';

describe.each([
  ['of a column', COLUMN, /user_id has a nondeterministic collation/],
  ['of a unique index', INDEX, /unique index on user_id with a nondeterministic collation/],
  ['of the type citext', CITEXT, /user_id is citext/],
])('%s', (_, change, said) => {
  it('is refused by migrate and by the doctor', async () => {
    await scene.sql(change);
    const failure = await failureOf(migrateOn(scene.database, { stores: ['gmail'] }));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_SCHEMA' });
    expect(failure.message).toMatch(said);
    const { check } = await examine(on(scene.database));
    expect(check('gmail.table')).toMatchObject({
      status: 'problem',
      found: expect.stringMatching(said),
    });
  });

  it('does not give one user the tokens of another', async () => {
    await scene.sql(change);
    await gmail('User', 'of User');
    await expect(gmail('user', 'of user')).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_SCHEMA' });
    const keep = scene.keep();
    const found = await keep.gmail.getGmailTokenDecrypted('User');
    expect(found).toMatchObject({ userId: 'User', accessToken: 'of User' });
    expect(await keep.gmail.getGmailTokenDecrypted('user')).toBeNull();
    const many = await Promise.all(
      ['User', 'user', 'USER'].map((id) => keep.gmail.hasActiveGmailConnection(id)),
    );
    expect(many).toEqual([true, false, false]);
  });
});

it.each([
  ['integration', 'integration_tokens', 'user_id', 'text'],
  ['integration', 'integration_tokens', 'access_token', 'text'],
  ['zoho', 'oauth_tokens', 'client_id', 'varchar(255)'],
  ['zoho', 'oauth_tokens', 'provider', 'varchar(50)'],
  ['vault', 'token_vault', 'identifier', 'varchar(255)'],
  ['gmail', 'gmail_tokens', 'tenant_id', 'text'],
] as const)('%s: %s.%s is refused', async (store, table, column, type) => {
  await scene.sql(`DROP POLICY IF EXISTS tenant_isolation ON ${table};
    ALTER TABLE ${table} ALTER ${column} TYPE ${type} COLLATE same_case`);
  const failure = await failureOf(migrateOn(scene.database, { stores: [store] }));
  expect(failure.message).toContain(`${column} has a nondeterministic collation`);
  // What it says to run fixes it.
  await scene.sql(/Run: (.*)$/.exec(failure.message)![1]!);
  await migrateOn(scene.database, { stores: [store] });
});

it('a vault’s pair of another identifier is not read for this one', async () => {
  await scene.sql(`ALTER TABLE token_vault ALTER identifier TYPE varchar(255) COLLATE same_case`);
  const { vault } = scene.keep();
  const data = (value: string) => ({ value, identifier: 'Account', expiresAt: IN_AN_HOUR });
  await vault.storeToken(TENANT, 'google', 'access_token', data('of Account'));
  await vault.storeToken(TENANT, 'google', 'refresh_token', data('refresh of Account'));
  const read = (identifier: string) =>
    vault.getAccessToken(TENANT, 'google', identifier, 5, { refresh: true });
  expect(await read('Account')).toMatchObject({ token: { value: 'of Account' } });
  expect(await read('account')).toBeNull();
  const all = await Promise.all(['Account', 'account', 'ACCOUNT'].map(read));
  expect(all.map((found) => found?.token.value)).toEqual(['of Account', undefined, undefined]);
  const again = vault.storeToken(TENANT, 'google', 'access_token', {
    ...data('of account'),
    identifier: 'account',
  });
  await expect(again).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_SCHEMA' });
});
