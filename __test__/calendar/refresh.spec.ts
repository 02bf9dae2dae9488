import { describe, expect, it } from 'vitest';
import { TokenRevokedError } from '../../dist/index.js';
import { failureOf, newGate } from '../helpers/promises';
import { SCOPES, useScene } from './scene';

const scene = useScene();

describe('getCredentialsForUser', () => {
  it('gives what setCredentials takes, of a fresh row in plaintext without a request', async () => {
    const user = await scene.user(3_600);
    const credentials = await scene.keep().calendar.getCredentialsForUser(user.id);
    expect(credentials).toEqual({
      access_token: user.accessToken,
      refresh_token: user.refreshToken,
      expiry_date: Number((await scene.row(user.id))!.token_expiry),
      scope: SCOPES.join(' '),
      token_type: 'Bearer',
    });
    expect(scene.endpoint.requests).toEqual([]);
  });

  it('takes a token without an expiry for fresh', async () => {
    const user = await scene.user(null);
    const credentials = await scene.keep().calendar.getCredentialsForUser(user.id);
    expect(credentials).toEqual({
      access_token: user.accessToken,
      refresh_token: user.refreshToken,
      scope: SCOPES.join(' '),
      token_type: 'Bearer',
    });
    expect(scene.endpoint.requests).toEqual([]);
  });

  it('refreshes a spent token once for many callers, and seals what it stores', async () => {
    const user = await scene.user();
    const [one, other] = [scene.keep(), scene.keep()];
    const calls = Array.from({ length: 40 }, (_, index) =>
      (index % 2 ? one : other).calendar.getCredentialsForUser(user.id),
    );
    const tokens = new Set((await Promise.all(calls)).map((given) => given!.access_token));
    expect(tokens.size).toBe(1);
    expect(scene.endpoint.requests).toHaveLength(1);
    const { access_token: access, refresh_token: refresh, scopes } = (await scene.row(user.id))!;
    expect([access, refresh].every((text) => text.startsWith('tk1.'))).toBe(true);
    expect(one.openValue('calendar', 'access_token', [user.id], access)).toBe([...tokens][0]);
    expect(scopes).toEqual(SCOPES);
  });

  it('keeps plaintext with sealing read, so that the old service reads on', async () => {
    const user = await scene.user();
    const { calendar } = scene.keep({ sealing: 'off' });
    const credentials = await calendar.getCredentialsForUser(user.id);
    expect(await scene.row(user.id)).toMatchObject({
      access_token: credentials!.access_token,
      refresh_token: credentials!.refresh_token,
    });
  });

  it('never asks with an empty refresh token, as old rows have it', async () => {
    const user = await scene.user(-60, '');
    const failure = await failureOf(scene.keep().calendar.getCredentialsForUser(user.id));
    expect(failure.code).toBe('ERR_TOKENKEEP_REFRESH_TOKEN_MISSING');
    expect(scene.endpoint.requests).toEqual([]);
  });

  it('asks nobody while what comes back could not be sealed', async () => {
    const user = await scene.user();
    const keyless = scene.keep({ tokenkeepKey: '' });
    const failure = await failureOf(keyless.calendar.getCredentialsForUser(user.id));
    expect(failure.message).toMatch(/^TOKENKEEP_KEY: is not set/);
    expect(scene.endpoint.requests).toEqual([]);
  });

  it('deletes the row of a dead grant and throws; afterwards the user is not connected', async () => {
    await scene.knownClient();
    const user = await scene.user();
    scene.endpoint.revoke(user.refreshToken);
    const { calendar } = scene.keep();
    const failure = await failureOf(calendar.getCredentialsForUser(user.id));
    expect(failure).toBeInstanceOf(TokenRevokedError);
    expect(failure.message).toMatch(/^Token refresh failed: 400 - invalid_grant/);
    expect(await scene.row(user.id)).toBeUndefined();
    expect(await calendar.getCredentialsForUser(user.id)).toBeNull();
  });

  it('lets a reconnect during the refresh win', async () => {
    const user = await scene.user();
    const { open, opened } = newGate();
    scene.endpoint.script(() => opened);
    const { calendar } = scene.keep();
    const call = calendar.getCredentialsForUser(user.id);
    while (scene.endpoint.requests.length === 0) await new Promise(setImmediate);
    const anew = scene.endpoint.issue();
    const expiry = new Date(Date.now() + 3_600_000);
    await calendar.saveCalendarTokens(user.id, anew.accessToken, anew.refreshToken, expiry, SCOPES);
    open();
    expect((await call)!.access_token).toBe(anew.accessToken);
    expect((await calendar.getCalendarTokens(user.id))!.refreshToken).toBe(anew.refreshToken);
  });
});
