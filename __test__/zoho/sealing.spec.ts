/** What stands in the table with each setting, and what can be read. */

import { describe, expect, it } from 'vitest';
import { KEY, OTHER_KEY } from '../helpers/database';
import { failureOf, printed } from '../helpers/promises';
import { CREDENTIALS, someClient, useScene } from './scene';
import { open, placeOf, seal } from '../helpers/tk1-format';

const scene = useScene();

const write = (id: string, columns: { access_token?: string; refresh_token?: string }) =>
  scene.database.client.query(
    `UPDATE oauth_tokens SET access_token = coalesce($2, access_token),
       refresh_token = coalesce($3, refresh_token) WHERE client_id = $1`,
    [id, columns.access_token ?? null, columns.refresh_token ?? null],
  );

/** The whole table, as a dump of it shows it. */
const dumped = async (): Promise<string> =>
  JSON.stringify((await scene.database.client.query('SELECT * FROM oauth_tokens')).rows);

const notOpening = { code: 'ERR_TOKENKEEP_DECRYPTION' };

describe('on', () => {
  it('leaves no plaintext in the table after a refresh or storeTokens', async () => {
    const keep = scene.keep();
    const client = await scene.client();
    const token = await scene.token(client, keep);
    const { refreshToken } = await scene.tokens(client);
    const other = { id: someClient(), ...scene.endpoint.issue() };
    await keep.zoho.storeTokens(other.id, 'zoho_crm', other);
    const zohoRefreshToken = scene.endpoint.issue().refreshToken;
    await scene.token({ id: someClient() }, { zohoRefreshToken });
    const table = await dumped();
    const secrets = [client.accessToken, client.refreshToken, token, refreshToken];
    secrets.push(other.accessToken, other.refreshToken, zohoRefreshToken);
    for (const secret of secrets) expect(table).not.toContain(secret);
    for (const column of table.matchAll(/"(?:access|refresh)_token":(".*?"|null)/g)) {
      expect(column[1]).toMatch(/^"tk1\.1\.[\w-]+"$/);
    }
  });

  it('reads plaintext of old rows, and seals it at the next write', async () => {
    const keep = scene.keep();
    const client = await scene.client({ left: 3_600 });
    expect(await scene.token(client, keep)).toBe(client.accessToken);
    expect(await scene.row(client)).toMatchObject({ access_token: client.accessToken });
    await scene.expire(client);
    expect(await scene.token(client, keep)).toBe((await scene.tokens(client)).accessToken);
  });

  it('seals a refresh token anew that Zoho did not change', async () => {
    const client = await scene.client();
    scene.endpoint.script([{ rotate: false }]);
    await scene.token(client);
    expect((await scene.tokens(client)).refreshToken).toBe(client.refreshToken);
  });

  it('takes tokens that look sealed, and gives them back as they were', async () => {
    const keep = scene.keep();
    const id = someClient();
    const tokens = { accessToken: 'tk1.1.AAAA', refreshToken: 'tk1.', expiresIn: 3_600 };
    await keep.zoho.storeTokens(id, 'zoho_crm', tokens);
    expect(await scene.token({ id }, keep)).toBe('tk1.1.AAAA');
    expect((await scene.tokens({ id })).refreshToken).toBe('tk1.');
  });

  it('reads what the formula seals', async () => {
    const client = await scene.client({ left: 3_600 });
    await write(client.id, { access_token: seal('Grüße 🗝', placeOf('access_token', client.id)) });
    expect(await scene.token(client)).toBe('Grüße 🗝');
  });

  it('without a key says how to make one, and writes nothing', async () => {
    const keep = scene.keep({ tokenkeepKey: '' });
    const id = someClient();
    const failure = await failureOf(
      keep.zoho.storeTokens(id, 'zoho_crm', { refreshToken: 'refresh' }),
    );
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
    expect(failure.message).toMatch(/^TOKENKEEP_KEY: is not set.*npx tokenkeep keygen/);
    expect(await keep.zoho.hasToken(id, 'zoho_crm')).toBe(false);
  });
});

describe('a sealed value', () => {
  it('opens in no other row, column or store', async () => {
    const keep = scene.keep();
    const [one, other] = [await scene.client(), await scene.client({ left: 3_600 })];
    await scene.token(one, keep);
    const { access_token, refresh_token } = await scene.row(one);
    await write(other.id, { access_token: access_token! });
    await expect(scene.token(other, keep)).rejects.toMatchObject(notOpening);
    await write(one.id, { access_token: refresh_token });
    await expect(scene.token(one, keep)).rejects.toMatchObject(notOpening);
    const place = { ...placeOf('access_token', one.id), store: 'calendar' };
    await write(one.id, { access_token: seal('text', place) });
    await expect(scene.token(one, keep)).rejects.toMatchObject(notOpening);
    await scene.database.client.query(
      `UPDATE oauth_tokens SET provider = 'zoho_calendar', access_token = $2 WHERE client_id = $1`,
      [one.id, access_token],
    );
    await expect(
      keep.zoho.getAccessToken(one.id, 'zoho_calendar', CREDENTIALS),
    ).rejects.toMatchObject(notOpening);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it.each(['tk1.', 'tk1.1.', 'tk1.1.AAAA', 'tk1.x.AAAA', 'tk1..AAAA', 'tk1.1.AAAA=', 'tk1.text'])(
    'that is none is an error, never taken for plaintext: %s',
    async (text) => {
      const client = await scene.client({ left: 3_600 });
      await write(client.id, { access_token: text });
      const failure = await failureOf(scene.token(client));
      expect(failure).toMatchObject(notOpening);
      expect(printed(failure)).not.toContain(text);
    },
  );

  it('that was sealed with a missing key is not marked revoked, and nothing is sent', async () => {
    const client = await scene.client();
    const keep = scene.keep({ tokenkeepKey: OTHER_KEY });
    await keep.zoho.storeTokens(client.id, 'zoho_crm', client);
    const before = await scene.row(client);
    await expect(scene.token(client)).rejects.toMatchObject(notOpening);
    expect(await scene.row(client)).toEqual(before);
    expect(scene.endpoint.requests).toHaveLength(0);
  });
});

it('a new key seals what is written, and the old one opens what was', async () => {
  const client = await scene.client();
  await scene.token(client);
  const before = await scene.tokens(client);
  const appended = scene.keep({ tokenkeepKey: `1:${KEY},2:${OTHER_KEY}` });
  const moved = scene.keep({ tokenkeepKey: `2:${OTHER_KEY},1:${KEY}` });
  for (const keep of [appended, moved]) {
    expect(await scene.token(client, keep)).toBe(before.accessToken);
  }
  await scene.expire(client);
  const token = await scene.token(client, moved);
  const { access_token, refresh_token } = await scene.row(client);
  expect([access_token, refresh_token]).toEqual([
    expect.stringMatching(/^tk1\.2\./),
    expect.stringMatching(/^tk1\.2\./),
  ]);
  expect(open(access_token!, placeOf('access_token', client.id), OTHER_KEY)).toBe(token);
  expect(await scene.token(client, appended)).toBe(token);
  await expect(scene.token(client)).rejects.toMatchObject(notOpening);
  expect(await scene.token(client, { tokenkeepKey: OTHER_KEY })).toBe(token);
});
