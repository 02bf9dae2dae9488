/** `ZOHO_REFRESH_TOKEN`: it fills a missing row, once, and revives a dead grant when it changes. */

import { describe, expect, it } from 'vitest';
import { KEY, OTHER_KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { CREDENTIALS, someClient, useScene } from './scene';

const scene = useScene();
const DEAD = { status: 400, body: { error: 'invalid_code' } };

const issue = () => scene.endpoint.issue().refreshToken;
const sent = () => scene.endpoint.requests.map(({ refreshToken }) => refreshToken);

describe('a client without a row', () => {
  it('begins with it, and goes on with what is stored', async () => {
    const [id, zohoRefreshToken] = [someClient(), issue()];
    const keep = scene.keep({ zohoRefreshToken });
    expect(await keep.zoho.hasToken(id, 'zoho_crm')).toBe(true);
    expect(await scene.row({ id })).toBeUndefined();
    const token = await scene.token({ id }, keep);
    const stored = await scene.tokens({ id });
    expect(stored.accessToken).toBe(token);
    await scene.expire({ id });
    await scene.token({ id }, keep);
    expect(sent()).toEqual([zohoRefreshToken, stored.refreshToken]);
  });

  it('has one request and one row when 64 callers in 4 processes come at the same moment', async () => {
    for (let round = 0; round < 3; round++) {
      scene.endpoint.requests.length = 0;
      const [id, refreshToken] = [someClient(), issue()];
      const env = { ZOHO_REFRESH_TOKEN: refreshToken };
      const processes = await Promise.all(Array.from({ length: 4 }, () => scene.process(env)));
      const answers = await Promise.all(
        processes.map((one) => one.calls(16, 'getAccessToken', id, 'zoho_crm', CREDENTIALS)),
      );
      expect(sent()).toEqual([refreshToken]);
      expect(new Set(answers.flat())).toEqual(new Set([(await scene.tokens({ id })).accessToken]));
      await Promise.all(processes.map((one) => one.stop()));
    }
  });

  it('is asked for once when it turns out to be dead, and then no more', async () => {
    await scene.knownClient();
    const [id, zohoRefreshToken] = [someClient(), issue()];
    scene.endpoint.script(() => DEAD);
    const keep = scene.keep({ zohoRefreshToken });
    for (let call = 0; call < 3; call++) {
      await expect(scene.token({ id }, keep)).rejects.toMatchObject({
        code: 'ERR_TOKENKEEP_REVOKED',
      });
    }
    expect(sent()).toEqual([zohoRefreshToken]);
  });

  it('is not filled by asking whether it has tokens', async () => {
    const id = someClient();
    const keep = scene.keep({ zohoRefreshToken: '' });
    expect(await keep.zoho.hasToken(id, 'zoho_crm')).toBe(false);
    await expect(scene.token({ id }, keep)).rejects.toThrow('No OAuth token found');
  });
});

it('a row of its own is not overruled', async () => {
  const client = await scene.client();
  const keep = scene.keep({ zohoRefreshToken: issue() });
  await scene.token(client, keep);
  expect(sent()).toEqual([client.refreshToken]);
});

describe('a dead grant', () => {
  /** A client whose grant has died while `zohoRefreshToken` was set. */
  async function deadUnder(zohoRefreshToken: string, tokenkeepKey = KEY) {
    await scene.knownClient();
    const client = await scene.client();
    scene.endpoint.script(() => DEAD);
    const keep = scene.keep({ zohoRefreshToken, tokenkeepKey });
    await expect(scene.token(client, keep)).rejects.toMatchObject({ name: 'TokenRevokedError' });
    scene.endpoint.script([]);
    scene.endpoint.requests.length = 0;
    return client;
  }
  const refused = { code: 'ERR_TOKENKEEP_REVOKED' };

  it('keeps a fingerprint of it, from which nothing can be learned', async () => {
    const token = issue();
    const client = await deadUnder(token);
    const { invalid_reason } = await scene.row(client);
    expect(invalid_reason).toMatch(/^invalid_code ZOHO_REFRESH_TOKEN=1:[0-9a-f]{32}$/);
    const error = await failureOf(scene.token(client, { zohoRefreshToken: token }));
    expect(error.message).not.toContain('ZOHO_REFRESH_TOKEN');
  });

  it('is revived by another one, with one request in all processes', async () => {
    const client = await deadUnder(issue());
    const another = issue();
    const env = { ZOHO_REFRESH_TOKEN: another };
    const processes = await Promise.all([scene.process(env), scene.process(env)]);
    const answers = await Promise.all(
      processes.map((one) => one.calls(16, 'getAccessToken', client.id, 'zoho_crm', CREDENTIALS)),
    );
    expect(sent()).toEqual([another]);
    expect(new Set(answers.flat())).toEqual(new Set([(await scene.tokens(client)).accessToken]));
    expect(await scene.row(client)).toMatchObject({ invalid_since: null, invalid_reason: null });
  });

  it('is revived by one that was not set before', async () => {
    const client = await deadUnder('');
    expect((await scene.row(client)).invalid_reason).toBe('invalid_code');
    const first = issue();
    await scene.token(client, { zohoRefreshToken: first });
    expect(sent()).toEqual([first]);
  });

  it('is not revived by the same one: not here, not elsewhere, not under a new key', async () => {
    const token = issue();
    const client = await deadUnder(token);
    const rotated = `2:${OTHER_KEY},1:${KEY}`;
    const other = await scene.process({ ZOHO_REFRESH_TOKEN: token, TOKENKEEP_KEY: rotated });
    expect(await other.call('getAccessToken', client.id, 'zoho_crm', CREDENTIALS)).toMatch(
      /^failed: TokenRevokedError/,
    );
    for (const tokenkeepKey of [KEY, rotated]) {
      await expect(
        scene.token(client, { zohoRefreshToken: token, tokenkeepKey }),
      ).rejects.toMatchObject(refused);
    }
    expect(sent()).toEqual([]);
  });

  it('is not revived where nothing is set, or it is not known whether it changed', async () => {
    const client = await deadUnder(issue());
    await expect(scene.token(client)).rejects.toMatchObject(refused);
    const keyless = { zohoRefreshToken: issue(), tokenkeepKey: '', sealing: 'off' } as const;
    await expect(scene.token(client, keyless)).rejects.toMatchObject(refused);
    expect(sent()).toEqual([]);
  });

  it('that storeTokens revives is not touched by it', async () => {
    const client = await deadUnder(issue());
    const again = scene.endpoint.issue();
    const keep = scene.keep({ zohoRefreshToken: issue() });
    await keep.zoho.storeTokens(client.id, 'zoho_crm', again);
    await scene.token(client, keep);
    expect(sent()).toEqual([again.refreshToken]);
  });
});
