/** `invalid_client` and its kin: the application's fault, which no user pays for. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { close, getValidGmailToken, type TokenKeep } from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { failing, tidedOver } from '../helpers/refresh-outcome';
import { KEY } from '../helpers/database';
import { failureOf, newGate, until } from '../helpers/promises';
import { allRows } from '../helpers/rows';
import { SCALED, useScene } from '../helpers/scene';

const scene = useScene();
let before: NodeJS.ProcessEnv;
beforeEach(() => {
  before = { ...process.env };
});
afterEach(() => {
  process.env = before;
});

const rejection = { status: 401, body: { error: 'invalid_client' } };
const rejected = { name: 'ClientRejectedError', code: 'ERR_TOKENKEEP_CLIENT_REJECTED' };

/** Has this client rejected; gives its instance, which does not ask again. */
async function rejectedClient(options = {}): Promise<TokenKeep> {
  const user = await scene.user();
  scene.endpoint.script(({ form }) => (form['client_id'] === 'client' ? rejection : undefined));
  const keep = scene.keep(options);
  expect(await failureOf(keep.gmail.getValidGmailToken(user.id))).toMatchObject(rejected);
  expect(scene.endpoint.requests).toHaveLength(1);
  return keep;
}

describe("the application's own credentials", () => {
  it.each([
    ['invalid_client', 401],
    ['invalid_client', 400],
    ['invalid_client', 200],
    ['invalid_client_id', 400],
    ['bad_client_secret', 200],
    ['invalid_client_secret', 401],
    ['incorrect_client_credentials', 400],
  ])('%s with status %i touches no row, nor its lease', async (code, status) => {
    const step = { status, body: { error: code } };
    const { error, before: row, after } = await failing(scene, step);
    expect(error).toMatchObject({ ...rejected, retryable: false });
    expect(error.message).toContain(code);
    expect(error.message).toContain('clientAuthentication');
    expect(after).toEqual(row);
    const usable = await tidedOver(scene, step);
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(usable.before);
  });

  it('are meant by unauthorized_client where its description says so, as at Keycloak', async () => {
    const description = 'Invalid client or Invalid client credentials';
    const body = { error: 'unauthorized_client', error_description: description };
    const { error, before: row, after } = await failing(scene, { status: 401, body });
    expect(error).toMatchObject(rejected);
    expect(after).toEqual(row);
  });

  it('are not tried for the next user, and the next, whose rows nobody touches', async () => {
    const keep = await rejectedClient();
    const users = [await scene.user(), await scene.user(), await scene.user({ left: 250 })];
    const rows = await allRows(scene.database);
    const [first, second, usable] = users.map((user) => keep.gmail.getValidGmailToken(user.id));
    expect(await failureOf(first!)).toMatchObject(rejected);
    expect(await failureOf(second!)).toMatchObject(rejected);
    expect((await usable!).accessToken).toBe(users[2]!.accessToken);
    expect(scene.endpoint.requests).toHaveLength(1);
    expect(await allRows(scene.database)).toEqual(rows);
  });

  it('are tried again after the breaker has been open for its time, and not before', async () => {
    const user = await scene.user();
    scene.endpoint.script([rejection, rejection]);
    const keep = scene.keep(SCALED);
    let accessToken: string | undefined;
    await until(async () => {
      ({ accessToken } = await keep.gmail.getValidGmailToken(user.id).catch((error) => {
        expect(error).toMatchObject(rejected);
        return {} as { accessToken?: string };
      }));
      return accessToken;
    });
    expect(await scene.tokens(user)).toMatchObject({ accessToken });
    const { requests } = scene.endpoint;
    expect(requests.map(({ status }) => status)).toEqual([401, 401, 200]);
    // A tenth of thirty seconds each time.
    expect(requests[1]!.at - requests[0]!.at).toBeGreaterThanOrEqual(2_990);
    expect(requests[2]!.at - requests[1]!.at).toBeGreaterThanOrEqual(2_990);
  });

  it('that the provider takes again are asked for every row at once', async () => {
    const [rejectedUser, taken] = [await scene.user(), await scene.user()];
    const { opened, open } = newGate();
    scene.endpoint.script(async ({ refreshToken }) => {
      if (refreshToken === rejectedUser.refreshToken) return rejection;
      await opened;
      return undefined;
    });
    const keep = scene.keep();
    // Sent before the rejection, answered after it.
    const call = keep.gmail.getValidGmailToken(taken.id);
    await scene.requests(1);
    expect(await failureOf(keep.gmail.getValidGmailToken(rejectedUser.id))).toMatchObject(rejected);
    const next = await scene.user();
    expect(await failureOf(keep.gmail.getValidGmailToken(next.id))).toMatchObject(rejected);
    expect(scene.endpoint.requests).toHaveLength(2);
    open();
    await call;
    await expect(keep.gmail.getValidGmailToken((await scene.user()).id)).resolves.toBeDefined();
  });

  it('of another client id are not affected', async () => {
    await rejectedClient();
    const user = await scene.user();
    const other = scene.keep({ googleClientId: 'other' });
    await expect(other.gmail.getValidGmailToken(user.id)).resolves.toBeDefined();
  });

  it('of the same client id at another endpoint are not affected', async () => {
    await rejectedClient();
    const elsewhere = await startTokenEndpoint();
    try {
      const user = await scene.user(elsewhere.issue());
      const other = scene.keep({ googleTokenUrl: elsewhere.url });
      await expect(other.gmail.getValidGmailToken(user.id)).resolves.toBeDefined();
    } finally {
      await elsewhere.close();
    }
  });

  it('that were corrected are tried at once, and a refreshFn does not need them', async () => {
    const user = await scene.user();
    scene.endpoint.script(({ form }) =>
      form['client_secret'] === 'wrong' ? rejection : undefined,
    );
    Object.assign(process.env, {
      DATABASE_URL: scene.database.url,
      GMAIL_ENCRYPTION_KEY: KEY,
      TOKENKEEP_GOOGLE_TOKEN_URL: scene.endpoint.url,
      GOOGLE_CLIENT_ID: 'client',
      GOOGLE_CLIENT_SECRET: 'wrong',
    });
    expect(await failureOf(getValidGmailToken(user.id))).toMatchObject(rejected);
    const other = await scene.user();
    const refreshFn = async () => ({ accessToken: 'mine', expiryDate: Date.now() + 3_600_000 });
    const own = await getValidGmailToken(other.id, refreshFn);
    expect(own.accessToken).toBe('mine');
    process.env['GOOGLE_CLIENT_SECRET'] = 'right';
    const { accessToken } = await getValidGmailToken(user.id);
    expect(await scene.tokens(user)).toMatchObject({ accessToken });
    expect(await close()).toBe(true);
  });
});
