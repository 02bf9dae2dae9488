/** The disk of the database is full. */

import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import type { TokenKeep } from '../../../dist/index.js';
import { failureOf, until } from '../../helpers/promises';
import type { Endpoint } from '../../helpers/scene';
import { STORES, keepOfEveryStore } from '../every-store';
import { allBytes, makeRows } from './rows';
import { SmallDisk } from './small-disk';

/** Longer than what is left on any page, and nothing that could be compressed. */
const long = () => randomBytes(24_000).toString('base64');

let disk: SmallDisk;
let endpoint: Endpoint;
let keep: TokenKeep;
beforeAll(async () => {
  disk = await SmallDisk.make();
});
beforeEach(async () => {
  endpoint = (await startTokenEndpoint()) as Endpoint;
  keep = keepOfEveryStore(disk.url, endpoint, { limitsDivisor: 10 });
  await keep.migrate({ stores: [...STORES] });
});
afterEach(async () => {
  await keep.close({ timeoutMs: 1_000 });
  await endpoint.close();
  disk.empty();
});
afterAll(() => disk.remove());

it('a token that does not fit is refused in words, and the stored one stays', async () => {
  const { user, ...calls } = await makeRows(keep, endpoint);
  disk.fill();
  const before = await allBytes(disk.client);
  const expiresAt = new Date();
  const token = { userId: user, tenantId: 't', refreshToken: long(), expiresAt, scope: '' };
  const storing = [
    keep.gmail.upsertGmailTokens({ ...token, accessToken: long() }),
    keep.zoho.storeTokens(user, 'zoho_crm', { refreshToken: long() }),
    keep.vault.storeToken(user, 'google', 'refresh_token', { value: long() }),
    keep.calendar.saveCalendarTokens(user, long(), long(), null, null),
    keep.integration.storeToken(user, 'acme', { accessToken: long(), expiresAt, scopes: [] }),
  ];
  for (const failure of await Promise.all(storing.map(failureOf))) {
    expect(failure).toMatchObject({
      code: 'ERR_TOKENKEEP_DATABASE',
      sqlstate: '53100',
      retryable: true,
    });
  }
  expect(await allBytes(disk.client)).toEqual(before);
  for (const store of STORES) await expect(calls[store].read()).resolves.toBeTruthy();
});

it('an answer that cannot be stored is returned, and stored when there is room', async () => {
  const { user } = await makeRows(keep, endpoint);
  endpoint.script(() => {
    disk.fill();
    return { body: (usual) => ({ ...usual, access_token: long() }) };
  });
  const token = await keep.gmail.getValidGmailToken(user);
  const stored = async () => (await keep.gmail.getGmailTokenDecrypted(user))!;
  expect(await stored()).not.toMatchObject({ accessToken: token.accessToken });
  disk.empty();
  await until(async () => (await stored()).refreshToken === token.refreshToken);
  expect((await stored()).accessToken).toBe(token.accessToken);
  expect(endpoint.requests).toHaveLength(1);
});
