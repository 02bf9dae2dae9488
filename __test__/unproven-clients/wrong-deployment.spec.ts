/**
 * A deployment that has another registered client's credentials. A provider answers `invalid_grant` to
 * it for every row (RFC 6749, section 5.2), and no connection of any user may end of that.
 */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../helpers/promises';
import { type Application, INVALID_GRANT, STORES, type User, useScene } from './scene';

const scene = useScene();

/** The provider knows the refresh tokens of one client only. */
const knowsOnly = (clientId: string) =>
  scene.endpoint.script(({ form }) => (form['client_id'] === clientId ? undefined : INVALID_GRANT));

const failures = ({ valid }: Application, users: User[]) =>
  Promise.all(users.map((user) => failureOf(valid(user))));

describe.each(STORES)('a wrong deployment, in the %s store,', (store) => {
  it('disconnects no user, says why, and the corrected one refreshes all of them at once', async () => {
    const before = scene.application();
    const ours = await scene.users(store, 15, before);
    await before.keep.close();
    const theirs = await scene.oldUsers(store, 15);
    const users = [...ours, ...theirs];
    knowsOnly('client');

    const wrong = scene.application('staging');
    const told = {
      name: 'ClientUnprovenError',
      code: 'ERR_TOKENKEEP_CLIENT_UNPROVEN',
      retryable: true,
    };
    for (const error of await failures(wrong, ours)) {
      expect(error).toMatchObject({ ...told, reason: 'other_client' });
      expect(error.message).toContain('another client id');
    }
    for (const error of await failures(wrong, theirs)) {
      expect(error).toMatchObject({ ...told, reason: 'never_refreshed' });
    }
    await wrong.keep.close();
    const events = wrong.events.filter(({ type }) => type === 'client.unproven');
    expect(events).toHaveLength(30);
    expect(events[0]).toMatchObject({ store, code: 'ERR_TOKENKEEP_CLIENT_UNPROVEN' });
    expect(new Set(events.map(({ reason }) => reason))).toEqual(
      new Set(['other_client', 'never_refreshed']),
    );
    expect(events.map(({ key }) => key.split('/')[0]).sort()).toEqual(
      users.map(({ id }) => id).sort(),
    );
    expect(await scene.connected(users)).toHaveLength(30);

    scene.endpoint.requests.length = 0;
    const corrected = scene.application();
    await Promise.all(users.map(corrected.valid));
    expect(scene.endpoint.requests).toHaveLength(30);
  });
});

describe('refreshExpiring of a wrong deployment', () => {
  const due = { expiresWithin: 900_000 };

  it('disconnects no user, and that of the corrected one refreshes all', async () => {
    const before = scene.application();
    const ours = await scene.users('integration', 15, before);
    await before.keep.close();
    const users = [...ours, ...(await scene.oldUsers('integration', 15))];
    // What was refreshed a moment ago is left alone by both.
    await scene.database.client.query('UPDATE integration_tokens SET last_refreshed_at = NULL');
    knowsOnly('client');
    const { integration } = scene.application('staging').keep;
    const told = { refreshed: 0, failed: 30, revoked: 0 };
    expect(await integration.refreshExpiring(due)).toMatchObject(told);
    expect(await scene.connected(users)).toHaveLength(30);
    const corrected = scene.application().keep.integration;
    expect(await corrected.refreshExpiring(due)).toMatchObject({ refreshed: 30, revoked: 0 });
  });
});
