/** No error and no event of this store tells a token, a key or a secret. */

import { inspect } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TokenkeepEvent } from '../../dist/index.js';
import type { Step } from '../../support/token-endpoint.mjs';
import { KEY, OTHER_KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { CREDENTIALS, type Client, someClient, useScene } from './scene';

const scene = useScene();
const SECRET = '1a2b.a-client-secret.3c4d';
const credentials = { ...CREDENTIALS, clientSecret: SECRET };

let told: string[];
const tell = (what: unknown) =>
  void told.push(`${JSON.stringify(what)} ${inspect(what, { depth: 9, showHidden: true })}`);
const onEvent = (event: TokenkeepEvent) => tell(event);
beforeEach(() => void (told = []));

/** What Zoho might say with what it was sent, or was about to give, in it. */
const answers = ({ refreshToken, accessToken }: Client): Step[] => {
  const echo = { access_token: `${accessToken}-new`, refresh_token: refreshToken };
  return [
    { status: 200, body: { ...echo, error: refreshToken } },
    { status: 400, body: { ...echo, error: 'odd', error_description: `of ${refreshToken}` } },
    { status: 400, body: { ...echo, error: 'Access Denied', error_description: refreshToken } },
    { status: 400, body: { ...echo, error: `${SECRET} invalid_client` } },
    { status: 200, body: { ...echo, error: 'invalid_client_secret' } },
    { status: 400, body: { ...echo, error: 'invalid_code', error_description: refreshToken } },
    { status: 503, body: echo, headers: { 'retry-after': refreshToken } },
    { status: 502, body: echo },
    { status: 200, body: { ...echo, expires_in: accessToken } },
    { status: 200, body: `${JSON.stringify(echo)} and more` },
    { status: 307, redirect: `http://127.0.0.1:1/?${refreshToken}`, body: echo },
    { drop: 'after' },
    {},
  ];
};

const secrets: string[] = [];
afterEach(() => {
  const text = told.join('\n');
  for (const secret of [...secrets, KEY, OTHER_KEY, SECRET]) expect(text).not.toContain(secret);
  // Nor tokens that only the endpoint and the store have seen.
  expect(text).not.toMatch(/\b(access|refresh)-[\w-]{20}/);
  expect(text).not.toMatch(/tk1\./);
});

it('whatever Zoho answers', async () => {
  const environment = scene.endpoint.issue().refreshToken;
  secrets.push(environment);
  const count = answers(await scene.client()).length;
  for (let index = 0; index < count; index++) {
    const client = await scene.client();
    secrets.push(client.accessToken, client.refreshToken);
    const keep = scene.keep({ onEvent, zohoRefreshToken: environment, limitsDivisor: 10 });
    scene.endpoint.script(() => answers(client)[index]);
    const call = () => keep.zoho.getAccessToken(client.id, 'zoho_crm', credentials);
    for (let time = 0; time < 2; time++) await call().catch(tell);
    const { invalid_reason, metadata } = await scene.row(client);
    tell({ invalid_reason, metadata });
    await keep.close();
  }
  expect(told.join()).toContain('refresh.fail');
  expect(told.join()).toContain('refresh.end');
});

it('whatever is wrong with the row, the arguments or the database', async () => {
  const [client, other] = [await scene.client({ left: 3_600 }), await scene.client()];
  secrets.push(client.accessToken, client.refreshToken, other.refreshToken);
  const keep = scene.keep({ onEvent });
  await keep.zoho.getAccessToken(other.id, 'zoho_crm', credentials);
  const { access_token, refresh_token } = await scene.row(other);
  await scene.database.client.query(
    'UPDATE oauth_tokens SET access_token = $2, refresh_token = $3 WHERE client_id = $1',
    [client.id, access_token, refresh_token],
  );
  const get = (options = {}) =>
    scene.keep({ onEvent, ...options }).zoho.getAccessToken(client.id, 'zoho_crm', credentials);
  tell(await failureOf(get()));
  tell(await failureOf(get({ tokenkeepKey: OTHER_KEY })));
  tell(await failureOf(get({ tokenkeepKey: `${KEY}0` })));
  const store = (tokens: object) =>
    failureOf(keep.zoho.storeTokens(someClient(), 'zoho_crm', tokens as never));
  tell(await store({ refreshToken: `${other.refreshToken}\0` }));
  tell(await store({ refreshToken: 'r', scopes: other.refreshToken.repeat(40) }));
  tell(await store({ refreshToken: 'r', metadata: { a: `${other.refreshToken}\0` } }));
  await scene.database.client.query(
    `ALTER TABLE oauth_tokens ADD CONSTRAINT strict CHECK (scopes <> 'refused')`,
  );
  const refused = await store({ refreshToken: other.refreshToken, scopes: 'refused' });
  expect(refused).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', constraint: 'strict' });
  tell(refused);
  await scene.database.client.query('ALTER TABLE oauth_tokens DROP CONSTRAINT strict');
});
