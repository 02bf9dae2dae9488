/** Whose client a row is known by, and whose word is believed when nobody knows. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { Caller, endCallersAfterEach } from '../helpers/processes';
import { stateOf } from '../helpers/states';
import { type Application, INVALID_GRANT, STORES, type User, useScene } from './scene';

const scene = useScene();
endCallersAfterEach();

const REVOKED = { code: 'ERR_TOKENKEEP_REVOKED' };
const unproven = (reason: string) => ({ code: 'ERR_TOKENKEEP_CLIENT_UNPROVEN', reason });

/** Asks for a token while the provider calls its grant dead. */
async function refused(application: Application, user: User) {
  scene.endpoint.script(() => INVALID_GRANT);
  const failure = await failureOf(application.valid(user));
  scene.endpoint.script([]);
  return failure;
}

/** Has this client refresh a row that an old service has stored. */
async function refreshesOne(application: Application, store: (typeof STORES)[number]) {
  const [user] = await scene.oldUsers(store, 1);
  await application.valid(user!);
}

describe.each(STORES)('a row of the %s store that an old service has stored', (store) => {
  it('is marked when a client is refused that has refreshed any row', async () => {
    const application = scene.application();
    const [first, second] = await scene.oldUsers(store, 2);
    expect(await refused(application, first!)).toMatchObject(unproven('never_refreshed'));
    await refreshesOne(application, store);
    expect(await refused(application, second!)).toMatchObject(REVOKED);
    await application.keep.close();
    const [third] = await scene.oldUsers(store, 1);
    expect(await refused(scene.application(), third!)).toMatchObject(REVOKED);
    const [fourth] = await scene.oldUsers(store, 1);
    expect(await refused(scene.application('other'), fourth!)).toMatchObject(
      unproven('never_refreshed'),
    );
  });
});

it('connectionStatus does not reject where the client is not believed', async () => {
  const [user] = await scene.oldUsers('integration', 1);
  scene.endpoint.script(() => INVALID_GRANT);
  const { integration } = scene.application().keep;
  expect(await integration.connectionStatus(user!.id, 'google')).toMatchObject({
    active: false,
    reason: 'provider_unavailable',
    error: unproven('never_refreshed'),
  });
});

it('a client that has refreshed a row in one process is believed in another', async () => {
  const [first, second] = await scene.oldUsers('gmail', 2);
  const one = await Caller.start(scene.options());
  const other = await Caller.start(scene.options());
  await one.call(first!.id);
  await one.close();
  scene.endpoint.script(() => INVALID_GRANT);
  expect(await other.call(second!.id)).toEqual([
    expect.stringMatching(/^failed: GmailTokenRevoked/),
  ]);
});

it('is the same client at another token endpoint no more', async () => {
  const application = scene.application();
  const [user] = await scene.users('calendar', 1, application);
  await application.keep.close();
  const googleTokenUrl = scene.endpoint.url.replace('127.0.0.1', 'localhost');
  const elsewhere = scene.application('client', { googleTokenUrl });
  expect(await refused(elsewhere, user!)).toMatchObject(unproven('other_client'));
});

describe.each(STORES.filter((store) => store !== 'zoho'))('a user of the %s store', (store) => {
  it('who connects with another client belongs to that one', async () => {
    const [before, after] = [scene.application(), scene.application('successor')];
    const [user] = await scene.users(store, 1, before);
    await before.keep.close();
    await user!.row.store(after.keep, new Date(Date.now() + 3_600_000), scene.endpoint.issue());
    await scene.expire([user!]);
    await after.keep.close();
    expect(await refused(scene.application(), user!)).toMatchObject(unproven('other_client'));
    expect(await refused(scene.application('successor'), user!)).toMatchObject(REVOKED);
  });
});

describe('the key that fingerprints are made with', () => {
  const rotated = {
    gmail: { gmailEncryptionKey: `1:${'11'.repeat(32)},2:${'44'.repeat(32)}` },
    newest: { gmailEncryptionKey: `2:${'44'.repeat(32)},1:${'11'.repeat(32)}` },
  };

  it('may change: the client of a row is known under the old one, too', async () => {
    const before = scene.application('client', rotated.gmail);
    const [mine, theirs] = await scene.users('gmail', 2, before);
    await before.keep.close();
    const wrong = scene.application('staging', rotated.newest);
    expect(await refused(wrong, theirs!)).toMatchObject(unproven('other_client'));
    expect(await refused(scene.application('client', rotated.newest), mine!)).toMatchObject(
      REVOKED,
    );
  });
});

it('nothing of it is a client id, a token or a secret', async () => {
  for (const store of STORES) {
    const application = scene.application('a-client-of-ours');
    const [user] = await scene.users(store, 1, application);
    scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_scope' } }));
    await failureOf(application.valid(user!));
    await application.keep.close();
    scene.endpoint.script([]);
    const { rows } = await scene.database.client.query(
      `SELECT row_to_json(s)::text AS told FROM tokenkeep.refresh_state AS s
       UNION ALL SELECT row_to_json(c)::text FROM tokenkeep.oauth_client AS c`,
    );
    const told = rows.map((row) => row.told).join('\n');
    expect(told).toContain('ERR_TOKENKEEP_PROVIDER_REFUSED');
    const issued = scene.endpoint.requests.map(({ refreshToken }) => refreshToken);
    for (const secret of [
      ...issued,
      'a-client-of-ours',
      scene.endpoint.url,
      'secret',
      '11'.repeat(8),
    ]) {
      expect(told).not.toContain(secret);
    }
    const key = store === 'vault' ? [user!.id, 'google', null] : undefined;
    const state = key && (await stateOf(scene.database, store, key));
    if (key) expect(state).toMatchObject({ failures: 1, client: expect.stringMatching(/^\d+:/) });
  }
});
