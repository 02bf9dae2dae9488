/** The settings beside `on`: plaintext for a roll-out and the way back, and no plaintext any more. */

import { describe, expect, it } from 'vitest';
import { failureOf, printed } from '../helpers/promises';
import { someClient, useScene } from './scene';
import { placeOf, seal } from '../helpers/tk1-format';

const scene = useScene();

describe('off', () => {
  const keyless = { sealing: 'off', tokenkeepKey: '' } as const;

  it('writes plaintext, with a key or without one', async () => {
    for (const options of [keyless, { sealing: 'off' } as const]) {
      const keep = scene.keep(options);
      const client = await scene.client();
      const token = await scene.token(client, keep);
      expect((await scene.row(client)).access_token).toBe(token);
      const id = someClient();
      await keep.zoho.storeTokens(id, 'zoho_crm', client);
      expect(await scene.row({ id })).toMatchObject({
        access_token: client.accessToken,
        refresh_token: client.refreshToken,
      });
      await keep.zoho.storeTokens(id, 'zoho_crm', { refreshToken: '' });
      expect((await scene.row({ id })).refresh_token).toBe('');
      const zohoRefreshToken = scene.endpoint.issue().refreshToken;
      const seeded = { id: someClient() };
      scene.endpoint.script([{ rotate: false }]);
      await scene.token(seeded, { ...options, zohoRefreshToken });
      expect((await scene.row(seeded)).refresh_token).toBe(zohoRefreshToken);
    }
  });

  it('reads what is sealed, and writes it in plaintext at the next refresh', async () => {
    const client = await scene.client();
    await scene.token(client);
    const sealed = await scene.tokens(client);
    const keep = scene.keep({ sealing: 'off' });
    expect(await scene.token(client, keep)).toBe(sealed.accessToken);
    await scene.expire(client);
    const token = await scene.token(client, keep);
    expect(await scene.row(client)).toMatchObject({ access_token: token });
    expect((await scene.row(client)).refresh_token).not.toMatch(/^tk1/);
  });

  it('cannot read what is sealed without a key, and says so', async () => {
    const client = await scene.client();
    await scene.token(client);
    const failure = await failureOf(scene.token(client, keyless));
    expect(failure.message).toMatch(/^TOKENKEEP_KEY: is not set.*npx tokenkeep keygen/);
  });

  it.each(['accessToken', 'refreshToken'])(
    'refuses an %s that everybody would take for a sealed value',
    async (argument) => {
      const { zoho } = scene.keep(keyless);
      const id = someClient();
      const tokens = { refreshToken: 'refresh', [argument]: 'tk1.text' };
      const failure = await failureOf(zoho.storeTokens(id, 'zoho_crm', tokens));
      expect(failure).toMatchObject({ name: 'InvalidArgumentError', argument });
      expect(await zoho.hasToken(id, 'zoho_crm')).toBe(false);
    },
  );
});

describe('requireSealed', () => {
  const required = { requireSealed: true };

  it('takes no plaintext, and sends none', async () => {
    const keep = scene.keep(required);
    for (const left of [3_600, -60]) {
      const client = await scene.client({ left });
      const failure = await failureOf(scene.token(client, keep));
      expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_NOT_SEALED', retryable: false });
      expect(printed(failure)).not.toContain(client.refreshToken);
    }
    const mixed = await scene.client({ left: 3_600 });
    const place = placeOf('access_token', mixed.id);
    await scene.database.client.query(
      'UPDATE oauth_tokens SET access_token = $2 WHERE client_id = $1',
      [mixed.id, seal(mixed.accessToken, place)],
    );
    await expect(scene.token(mixed, keep)).rejects.toMatchObject({ name: 'NotSealedError' });
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('takes what is sealed, and a row without an access token', async () => {
    const keep = scene.keep(required);
    const client = { id: someClient(), ...scene.endpoint.issue() };
    await keep.zoho.storeTokens(client.id, 'zoho_crm', { refreshToken: client.refreshToken });
    const token = await scene.token(client, keep);
    expect(await scene.token(client, keep)).toBe(token);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('with plaintext being written is a contradiction, refused before anything is sent', async () => {
    const keep = scene.keep({ ...required, sealing: 'off' });
    const id = someClient();
    await expect(
      keep.zoho.storeTokens(id, 'zoho_crm', { refreshToken: 'refresh' }),
    ).rejects.toThrow(/^TOKENKEEP_REQUIRE_SEALED: .*TOKENKEEP_SEALING=off/);
    expect(await keep.zoho.hasToken(id, 'zoho_crm')).toBe(false);
  });
});
