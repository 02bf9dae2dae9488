/** A lost answer is asked for again only where the provider accepts a used refresh token for a while. */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { inSeconds, someUser, useScene } from '../integration/scene';

const scene = useScene();

/** What happens to an answer, after the refresh token was exchanged. */
type Fate = (response: http.ServerResponse) => void;

const cut: Fate = (response) => response.socket?.resetAndDestroy();
const gateway: Fate = (response) => void response.writeHead(504).end();
const page: Fate = (response) => void response.writeHead(200).end('<html>');

let server: http.Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/**
 * An authorization server that rotates: the used refresh token is accepted `accepts` times in all, then ends the
 * grant. The first answers have these fates. Returns its URL, and the refresh tokens of the requests.
 */
async function rotating(accepts: number, fates: Fate[]) {
  const sent: (string | null)[] = [];
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const token = new URLSearchParams(body).get('refresh_token');
    sent.push(token);
    const fate = fates[sent.length - 1];
    if (fate) return fate(response);
    const isGood = sent.filter((other) => other === token).length <= accepts;
    const answer = isGood
      ? { access_token: `access-${sent.length}`, refresh_token: `refresh-${sent.length}` }
      : { error: 'invalid_grant' };
    response.writeHead(isGood ? 200 : 400).end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { sent, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token` };
}

/** A user of a provider that is described so, whose token has expired. */
async function userOf(url: string, described: Partial<ProviderSettings>) {
  const acme = { tokenUrl: url, clientId: 'id', clientSecret: 'secret', ...described };
  const keep = scene.keep({ providers: { acme } });
  const userId = someUser();
  const token = { accessToken: 'old', refreshToken: 'refresh-0', expiresAt: inSeconds(-60) };
  await keep.integration.storeToken(userId, 'acme', { ...token, scopes: [] });
  return { userId, call: () => keep.integration.getValidToken(userId, 'acme'), keep };
}

describe('with a grace', () => {
  it.each<[string, Fate, ProviderSettings['rotationGrace']]>([
    ['a cut connection', cut, 600],
    ['a gateway that gave up', gateway, 600],
    ['a page in place of tokens', page, 600],
    ['a cut connection, until the successor is used', cut, 'until_used'],
  ])('%s costs no caller its token, and nobody the grant', async (_, fate, rotationGrace) => {
    const { sent, url } = await rotating(2, [fate]);
    const { userId, call } = await userOf(url, { rotation: 'always', rotationGrace });
    const tokens = await Promise.all([call(), call(), call()]);
    expect(new Set(tokens.map(({ accessToken }) => accessToken))).toEqual(new Set(['access-2']));
    expect(sent).toEqual(['refresh-0', 'refresh-0']);
    const row = await scene.row(userId);
    expect(row).toMatchObject({ refreshing_at: null, failure_count: 0 });
  });

  it('a refusal after a lost answer does not end the connection: the description may be wrong', async () => {
    const { url } = await rotating(1, [cut]);
    const { userId, call } = await userOf(url, { rotation: 'always', rotationGrace: 600 });
    expect(await failureOf(call())).toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN',
    });
    const row = await scene.row(userId);
    expect(row?.invalid_since).toBeNull();
    expect(row?.refreshing_at).not.toBeNull();
  });
});

describe('without a grace', () => {
  it.each<[string, Partial<ProviderSettings>]>([
    ['that is not stated', { rotation: 'always' }],
    ['of 0 seconds', { rotation: 'always', rotationGrace: 0 }],
    ['that is too short for a request', { rotation: 'always', rotationGrace: 1 }],
  ])('%s, a lost answer is not asked for again', async (_, described) => {
    const isSlow = described.rotationGrace === 1;
    const slowly: Fate = (response) => void setTimeout(() => cut(response), 600);
    const { sent, url } = await rotating(2, [isSlow ? slowly : cut]);
    const { userId, call } = await userOf(url, described);
    expect(await failureOf(call())).toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN',
    });
    expect(sent).toEqual(['refresh-0']);
    expect((await scene.row(userId))?.refreshing_at).not.toBeNull();
  });

  it('a token URL of its own has none of the built-in provider', async () => {
    const { sent, url } = await rotating(2, [cut]);
    const xero = { tokenUrl: url, clientId: 'id', clientSecret: 'secret' };
    const keep = scene.keep({ providers: { xero } });
    const { userId } = await scene.user(keep, -60, 'xero');
    await failureOf(keep.integration.getValidToken(userId, 'xero'));
    expect(sent).toHaveLength(1);
  });
});

it.each([-1, 0.5, '600', 'never', true])('a grace of %s is refused by name', async (odd) => {
  const rotationGrace = odd as number;
  expect(await failureOf(userOf('https://acme.example/', { rotationGrace }))).toMatchObject({
    name: 'InvalidArgumentError',
    argument: 'providers.acme.rotationGrace',
  });
});
