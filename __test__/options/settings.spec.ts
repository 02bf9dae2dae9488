/** Settings that change under a call, and settings that must be refused. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  close,
  createTokenKeep,
  getValidGmailToken,
  hasActiveGmailConnection,
} from '../../dist/index.js';
import { KEY } from '../helpers/database';
import { newGate } from '../helpers/promises';
import { useScene } from '../helpers/scene';

const scene = useScene();
let before: NodeJS.ProcessEnv;
beforeEach(() => {
  before = { ...process.env };
});
afterEach(() => {
  process.env = before;
});

/** Sets the variables of the default instance. */
const set = (variables: Record<string, string> = {}) =>
  Object.assign(process.env, {
    DATABASE_URL: scene.database.url,
    GMAIL_ENCRYPTION_KEY: KEY,
    TOKENKEEP_GOOGLE_TOKEN_URL: scene.endpoint.url,
    GOOGLE_CLIENT_ID: 'client',
    ...variables,
  });

describe('a variable that changes', () => {
  it('ends no call that waits for somebody else', async () => {
    const user = await scene.user();
    const answer = newGate();
    scene.endpoint.script(() => answer.opened);
    const holder = scene.keep().gmail.getValidGmailToken(user.id);
    await scene.requests(1);
    set({ GOOGLE_CLIENT_SECRET: 'one' });
    const waiting = getValidGmailToken(user.id);
    await hasActiveGmailConnection(user.id);
    process.env['GOOGLE_CLIENT_SECRET'] = 'two';
    await hasActiveGmailConnection(user.id);
    answer.open();
    expect((await waiting).accessToken).toBe((await holder).accessToken);
    expect(await close()).toBe(true);
  });

  it('ends no call that has only just begun', async () => {
    const users = await Promise.all(Array.from({ length: 20 }, () => scene.user()));
    set();
    const calls: Promise<{ keyVersion: number }>[] = [];
    for (const [index, user] of users.entries()) {
      process.env['GOOGLE_CLIENT_SECRET'] = `secret ${index}`;
      calls.push(getValidGmailToken(user.id));
      await undefined;
    }
    for (const token of await Promise.all(calls)) expect(token.keyVersion).toBe(1);
    const secrets = scene.endpoint.requests.map(({ form }) => form['client_secret']);
    expect(new Set(secrets).size).toBe(20);
    expect(await close()).toBe(true);
  });

  it('leaves nothing that close() would wait for beyond its time', async () => {
    const user = await scene.user();
    const answer = newGate();
    scene.endpoint.script(() => answer.opened);
    set({ GOOGLE_CLIENT_SECRET: 'b' });
    const call = getValidGmailToken(user.id);
    await scene.requests(1);
    process.env['GOOGLE_CLIENT_SECRET'] = 'c';
    await hasActiveGmailConnection(user.id);
    expect(await close({ timeoutMs: 50 })).toBe(false);
    answer.open();
    await call;
  });
});

describe('a setting that cannot be', () => {
  const call = (options: object) => {
    const keep = createTokenKeep({ gmailEncryptionKey: KEY, ...options });
    return keep.gmail.hasActiveGmailConnection('u');
  };

  it.each(['sslmode=require', 'sslmode=verify-full', 'ssl=true', 'sslrootcert=system'])(
    'does not connect in clear text with %s',
    async (parameter) => {
      await expect(
        call({ databaseUrl: `${scene.database.url}?${parameter}` }),
      ).rejects.toMatchObject({ name: 'TlsError' });
    },
  );

  it.each([
    'host=127.0.0.1 port=1 user=user password=hunter2 sslmode=require',
    'postgres://user:hunter2@127.0.0.1:1/app?%73slmode=require',
    'postgres://127.0.0.1:1/app?user=user&password=hunter2@word',
    'postgres://user:1?hunter2@127.0.0.1:1/app?sslmode=require',
  ])('refuses what another reader would connect with otherwise: %s', async (databaseUrl) => {
    await expect(call({ databaseUrl })).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.not.stringContaining('hunter2'),
    });
  });

  it('takes PGSSLMODE where a connection string says nothing', async () => {
    process.env['PGSSLMODE'] = 'require';
    const databaseUrl = scene.database.url;
    await expect(call({ databaseUrl })).rejects.toMatchObject({ name: 'TlsError' });
    expect(await call({ databaseUrl: `${databaseUrl}?sslmode=disable` })).toBe(false);
  });

  it('refuses a pool larger than any server has connections', async () => {
    await expect(
      call({ databaseUrl: scene.database.url, maxConnections: 4_294_967_295 }),
    ).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
  });

  it('refuses a token URL that is none, when a token is to be refreshed', async () => {
    const user = await scene.user();
    const keep = scene.keep({ googleTokenUrl: 'foo' });
    await expect(keep.gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'ConfigurationError',
      option: 'TOKENKEEP_GOOGLE_TOKEN_URL',
    });
  });
});

describe('the methods of an instance', () => {
  it('can be taken off it', async () => {
    const { hasActiveGmailConnection } = scene.keep().gmail;
    expect(await hasActiveGmailConnection('nobody')).toBe(false);
  });
});
