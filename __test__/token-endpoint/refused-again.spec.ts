/** A provider that has refused a refresh token is not asked for it again at once: by nobody. */

import { beforeEach, describe, expect, it } from 'vitest';
import { KEY } from '../helpers/database';
import { Caller, endCallersAfterEach } from '../helpers/processes';
import { type Failure, failureOf } from '../helpers/promises';
import { params } from '../helpers/rows';
import { type User, useScene } from '../helpers/scene';
import { seal } from '../helpers/gmail-format';
import { endPauses } from '../helpers/states';

const scene = useScene();
endCallersAfterEach();

let user: User;
let first: Failure;

/** What a caller sees of an error. */
const seen = ({ name, code, message, retryable, status }: Failure) => ({
  name,
  code,
  message,
  retryable,
  status,
});

const call = (options = {}) => scene.keep(options).gmail.getValidGmailToken(user.id);

beforeEach(async () => {
  user = await scene.user();
  scene.endpoint.script(({ refreshToken }) =>
    refreshToken === user.refreshToken
      ? { status: 400, body: { error: 'invalid_scope' } }
      : undefined,
  );
  const keep = scene.keep();
  first = await failureOf(keep.gmail.getValidGmailToken(user.id));
  await keep.close();
  expect(first).toMatchObject({ name: 'ProviderRefusedError', status: 400 });
  expect(scene.endpoint.requests).toHaveLength(1);
});

describe('a refusal', () => {
  it('has the same text in other instances and processes, which send no request', async () => {
    for (let instance = 0; instance < 3; instance++) {
      expect(seen(await failureOf(call()))).toEqual(seen(first));
    }
    const process = await Caller.start({
      databaseUrl: scene.database.url,
      gmailEncryptionKey: KEY,
      googleClientId: 'client',
      googleClientSecret: 'secret',
      googleTokenUrl: scene.endpoint.url,
    });
    expect(await process.call(user.id)).toEqual([`failed: ${first.name}: ${first.message}`]);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('is asked for again once its pause is over', async () => {
    await endPauses(scene.database);
    scene.endpoint.script([]);
    await expect(call()).resolves.toBeDefined();
    expect(scene.endpoint.requests).toHaveLength(2);
  });

  it('says nothing of another client, which asks at once', async () => {
    scene.endpoint.script([]);
    await expect(call({ googleClientId: 'other' })).resolves.toBeDefined();
  });

  it('says nothing of other tokens that tokenkeep or an old service has stored meanwhile', async () => {
    const again = { ...scene.endpoint.issue(), expiresAt: new Date(Date.now() - 60_000) };
    await scene.keep().gmail.upsertGmailTokens(params(user.id, again));
    await expect(call()).resolves.toBeDefined();

    user = { ...(await scene.user()) };
    const keep = scene.keep();
    await failureOf(keep.gmail.getValidGmailToken(user.id));
    await keep.close();
    await scene.database.client.query(
      'UPDATE gmail_tokens SET encrypted_refresh_token = $2 WHERE user_id = $1',
      [user.id, seal(scene.endpoint.issue().refreshToken, KEY)],
    );
    await expect(call()).resolves.toBeDefined();
  });

  it('costs a usable token nothing', async () => {
    await scene.database.client.query(
      `UPDATE gmail_tokens SET expires_at = clock_timestamp() + interval '200 seconds'
       WHERE user_id = $1`,
      [user.id],
    );
    expect((await call()).accessToken).toBe(user.accessToken);
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});
