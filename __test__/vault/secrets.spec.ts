/** Key derivation stays off the event loop, and no secret is printed. */

import { randomUUID, scryptSync } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decrypt, encrypt, generateEncryptionSecret } from '../../dist/vault.js';
import type { Step } from '../../support/token-endpoint.mjs';
import { failureOf, printed } from '../helpers/promises';
import { endPauses } from '../helpers/states';
import { OTHER_SECRET, SECRET, encrypt as encryptWithNode, insertRow } from './rows';
import { useScene } from './scene';

const scene = useScene();
let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  environment = { ...process.env };
});
afterEach(() => {
  process.env = environment;
});

describe('a key', () => {
  /** The time for which the event loop was at work. */
  const busyMs = async (work: () => unknown): Promise<number> => {
    const before = performance.eventLoopUtilization();
    await work();
    return performance.eventLoopUtilization(before).active;
  };

  it('is derived elsewhere: the event loop is free meanwhile', async () => {
    const values = 10;
    const tenantId = randomUUID();
    const { vault } = scene.keep();
    const identifiers = Array.from({ length: values }, (_, index) => `${index}`);
    // Each with a salt of its own, which nobody in this process has seen.
    for (const identifier of identifiers) {
      await insertRow(scene.database, tenantId, { identifier });
    }
    const sealed = await encryptWithNode('token');
    await vault.getToken(tenantId, 'google', 'api_key');
    const busy = await busyMs(async () => {
      await Promise.all(
        identifiers.map((id) => vault.getToken(tenantId, 'google', 'access_token', id)),
      );
      for (let value = 0; value < values; value++) {
        process.env['ENCRYPTION_SECRET'] = generateEncryptionSecret();
        await encrypt('token');
        await failureOf(decrypt(sealed));
      }
    });
    const derivation = await busyMs(() => {
      for (let count = 0; count < 5; count++) scryptSync(SECRET, 'salt', 32);
    });
    // Three derivations for each value, of which nothing was to be seen.
    expect(busy / (3 * values)).toBeLessThan(derivation / 5 / 4);
  });
});

describe('what an application can see of a failure', () => {
  it('holds no token, secret or sealed value', async () => {
    await scene.knownClient();
    const events: unknown[] = [];
    const listen = (event: unknown) => void events.push(event);
    subscribe('tokenkeep', listen);
    const pair = await scene.pair();
    const echo = { access_token: 'access-echoed', refresh_token: pair.refreshToken };
    const steps: Step[] = [
      { status: 400, body: { ...echo, error: pair.refreshToken } },
      { status: 400, body: { ...echo, error: 'odd', error_description: pair.refreshToken } },
      { status: 401, body: { ...echo, error: `client of ${pair.refreshToken}` } },
      { status: 200, body: { refresh_token: pair.refreshToken, expires_in: pair.refreshToken } },
      { status: 200, body: `${JSON.stringify(echo)} and more` },
      { status: 400, body: { ...echo, error: 'invalid_grant' } },
    ];
    const told: string[] = [];
    const google = { googleClientSecret: 'GOCSPX-a-client-secret' };
    for (const step of steps) {
      scene.endpoint.script(() => step);
      await scene.database.client.query(
        'UPDATE token_vault SET refreshing_at = NULL WHERE id = $1',
        [pair.refreshId],
      );
      const keep = scene.keep(google);
      const call = keep.vault.getAccessToken(pair.tenantId, 'google', '', 5, { refresh: true });
      told.push(printed(await failureOf(call)));
      await keep.close();
      await endPauses(scene.database);
    }
    const { vault } = scene.keep({ encryptionSecret: OTHER_SECRET });
    told.push(printed(await failureOf(vault.getToken(pair.tenantId, 'google', 'access_token'))));
    const bad = { value: `secret-value${'\0'}` };
    told.push(printed(await failureOf(vault.storeToken(pair.tenantId, 'google', 'api_key', bad))));
    unsubscribe('tokenkeep', listen);
    expect(told.join()).toContain('TokenRevokedError');
    expect(JSON.stringify(events)).toContain('refresh.fail');
    const seen = told.join() + JSON.stringify(events);
    const rows = await scene.database.client.query('SELECT encrypted_value FROM token_vault');
    for (const secret of [
      pair.accessToken,
      pair.refreshToken,
      'access-echoed',
      'secret-value',
      'GOCSPX',
      SECRET,
      OTHER_SECRET,
      new URL(scene.database.url).password,
      ...rows.rows.map((row) => row.encrypted_value),
    ]) {
      expect(secret.length).toBeGreaterThan(0);
      expect(seen).not.toContain(secret);
    }
  });
});
