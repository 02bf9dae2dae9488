/**
 * Known failures of token stores, with secrets and keys. The number in a title is that of the section in
 * docs/internals/refresh-protocol.md.
 */

import { execFile } from 'node:child_process';
import { createDecipheriv, scryptSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createTokenKeep, decryptToken, encryptToken } from '../../dist/index.js';
import type { Step } from '../../support/token-endpoint.mjs';
import { KEY, OTHER_KEY } from '../helpers/database';
import { programPath } from '../helpers/processes';
import { failureOf, printed } from '../helpers/promises';
import { insertRow, params, rowOf, someUser } from '../helpers/rows';
import { open, seal } from '../helpers/gmail-format';
import { type User, useScene } from '../helpers/scene';

const scene = useScene();
let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  environment = { ...process.env };
  process.env['GMAIL_ENCRYPTION_KEY'] = KEY;
});
afterEach(() => {
  process.env = environment;
});

describe('whether a value is sealed', () => {
  const lookalikes: [string, string][] = [
    ['hex of even length', 'deadbeef'.repeat(8)],
    ['base64', Buffer.from('a refresh token of a provider').toString('base64')],
    ['three parts of hex', `${'0'.repeat(24)}:${'1'.repeat(32)}:${'2'.repeat(16)}`],
    ['a sealed value itself', seal('inside')],
    ['a prefix of other stores', '$ba$1$deadbeef'],
    ['JSON', '{"iv":"00","tag":"11","data":"22"}'],
  ];

  it.each(lookalikes)('is not guessed from the shape of a token: %s (trap 8)', async (_, text) => {
    const userId = someUser();
    const keep = scene.keep();
    await keep.gmail.upsertGmailTokens(params(userId, { accessToken: text, refreshToken: text }));
    const row = (await rowOf(scene.database, userId))!;
    expect(open(row.encrypted_access_token)).toBe(text);
    expect(open(row.encrypted_refresh_token)).toBe(text);
    expect(await keep.gmail.getGmailTokenDecrypted(userId)).toMatchObject({
      accessToken: text,
      refreshToken: text,
    });
  });

  it.each([...lookalikes.filter(([name]) => name !== 'a sealed value itself'), ['text', 'ya29.x']])(
    'is not guessed from the shape of a stored text: %s does not open (trap 8)',
    async (_, text) => {
      const userId = await insertRow(scene.database, { left: 3_600 });
      await scene.database.client.query(
        'UPDATE gmail_tokens SET encrypted_access_token = $2 WHERE user_id = $1',
        [userId, text],
      );
      const keep = scene.keep();
      for (const call of [keep.gmail.getGmailTokenDecrypted, keep.gmail.getValidGmailToken]) {
        const error = await failureOf(call(userId));
        expect(error).toMatchObject({ name: 'DecryptionError' });
        expect(printed(error)).not.toContain(text);
      }
    },
  );
});

describe('the documented cipher', () => {
  const root = path.join(import.meta.dirname, '../..');
  const documents = [
    'README.md',
    'SECURITY.md',
    'CHANGELOG.md',
    ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => path.join('docs', name)),
  ];

  it('opens what is stored, with the key as it is configured (trap 9)', async () => {
    const text = documents.map((name) => readFileSync(path.join(root, name), 'utf8')).join('\n');
    const names = text.match(/\b(aes|x?chacha|des|rc4|secretbox)([-\d][-\w]*)?\b/gi)!;
    const [cipher, ...others] = new Set(names.map((name) => name.toLowerCase()));
    expect(others).toEqual([]);
    const [, bits] = /(\d+)-bit nonce/.exec(text)!;

    const userId = someUser();
    await scene.keep().gmail.upsertGmailTokens(params(userId));
    const { encrypted_refresh_token: stored } = (await rowOf(scene.database, userId))!;
    const [nonce, tag, sealed] = stored.split(':').map((part) => Buffer.from(part, 'hex'));
    expect(nonce!.length * 8).toBe(Number(bits));
    const decipher = createDecipheriv(cipher as 'aes-256-gcm', Buffer.from(KEY, 'hex'), nonce!);
    decipher.setAuthTag(tag!);
    expect(decipher.update(sealed!, undefined, 'utf8') + decipher.final('utf8')).toBe('refresh-1');
  });
});

describe('what an application can print of a failure', () => {
  /** What a provider might say, with the tokens in it that it was sent or was about to give. */
  const steps = ({ accessToken, refreshToken }: User): Step[] => {
    const echo = { access_token: `${accessToken}-new`, refresh_token: refreshToken };
    return [
      { status: 400, body: { ...echo, error: refreshToken } },
      { status: 400, body: { ...echo, error: 'odd', error_description: `of ${refreshToken}` } },
      { status: 401, body: { ...echo, error: `client of ${refreshToken}` } },
      { status: 429, body: echo, headers: { 'retry-after': refreshToken } },
      { status: 502, body: echo },
      { status: 200, body: { ...echo, expires_in: refreshToken } },
      { status: 200, body: `${JSON.stringify(echo)} and more` },
      { status: 307, redirect: `http://127.0.0.1:1/?${refreshToken}`, body: echo },
      { drop: 'after' },
      { status: 400, body: { ...echo, error: 'invalid_grant' } },
      {},
    ];
  };

  it('on stdout and stderr has no token, key or secret, even with all output on (trap 15)', async () => {
    await scene.knownClient();
    const first = await scene.user();
    const users = [first];
    while (users.length < steps(first).length) users.push(await scene.user());
    const unopened = await insertRow(scene.database, { key: OTHER_KEY });
    scene.endpoint.script(({ refreshToken }) => {
      const index = users.findIndex((user) => user.refreshToken === refreshToken);
      return steps(users[index]!)[index];
    });
    const rows = await scene.database.client.query('SELECT * FROM gmail_tokens');
    const database = new URL(scene.database.url);
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [
        '--trace-warnings',
        programPath('loud-failures.mjs'),
        ...users.map(({ id }) => id),
        unopened,
      ],
      {
        env: {
          PATH: process.env['PATH'],
          DATABASE_URL: scene.database.url,
          GMAIL_ENCRYPTION_KEY: KEY,
          GOOGLE_CLIENT_ID: 'client',
          GOOGLE_CLIENT_SECRET: 'GOCSPX-a-client-secret',
          TOKENKEEP_GOOGLE_TOKEN_URL: scene.endpoint.url,
          RUST_LOG: 'trace',
          RUST_BACKTRACE: 'full',
          DEBUG: '*',
          NODE_DEBUG: 'net,tls,http,diagnostics_channel',
        },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
    const told = stdout + stderr;
    for (const code of ['PROVIDER_REFUSED', 'PROVIDER_RESPONSE', 'OUTCOME_UNKNOWN', 'REVOKED']) {
      expect(told).toContain(code);
    }
    expect(told.match(/refresh\.(end|fail)/g)!.length).toBeGreaterThanOrEqual(users.length);
    const secrets = [
      ...users.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
      ...rows.rows.flatMap((row) => [row.encrypted_access_token, row.encrypted_refresh_token]),
      KEY,
      OTHER_KEY,
      'GOCSPX-a-client-secret',
      database.password,
    ];
    for (const secret of secrets) expect(told).not.toContain(secret);
    // Nor tokens that only the endpoint and the store have seen.
    expect(told).not.toMatch(/\b(access|refresh)-[\w-]{20}/);
  });
});

describe('a key', () => {
  /** The time for which the event loop was at work. */
  const busyMs = async (work: () => unknown): Promise<number> => {
    const before = performance.eventLoopUtilization();
    await work();
    return performance.eventLoopUtilization(before).active;
  };

  it('is not derived for each value, which would block the event loop (trap 17)', async () => {
    const keep = scene.keep();
    const userId = await insertRow(scene.database, { left: 3_600 });
    const values = 200;
    const sealing = await busyMs(async () => {
      for (let value = 0; value < values; value++) {
        process.env['GMAIL_ENCRYPTION_KEY'] = value.toString(16).padStart(64, '0');
        expect(decryptToken(encryptToken('token'))).toBe('token');
      }
      await Promise.all(
        Array.from({ length: values }, () => keep.gmail.getGmailTokenDecrypted(userId)),
      );
    });
    const derivation = await busyMs(() => {
      for (let count = 0; count < 5; count++) scryptSync(KEY, 'salt', 32);
    });
    // Far less than a derivation for a sealing, an opening and a row of two tokens.
    expect(sealing / values).toBeLessThan(derivation / 5 / 4);
  });
});

describe('a DATABASE_URL that asks for TLS', () => {
  const url = (address: net.AddressInfo, parameter = '') =>
    `postgres://u:hunter2@127.0.0.1:${address.port}/d${parameter && `?${parameter}`}`;

  it('sends nothing to a server without TLS, and never connects in plaintext (trap 18)', async () => {
    const received: Buffer[] = [];
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        received.push(bytes);
        socket.write('N');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address() as net.AddressInfo;
    const urls: [string, string?][] = [
      [url(address, 'sslmode=require')],
      [url(address, 'sslmode=verify-ca')],
      [url(address, 'sslmode=verify-full')],
      [url(address, 'sslmode=no-verify')],
      [url(address, 'sslmode=require&sslmode=disable')],
      [url(address, 'ssl=true')],
      [url(address, 'sslrootcert=/ca.pem')],
      [url(address), 'require'],
      [url(address), 'verify-full'],
    ];
    for (const [databaseUrl, mode] of urls) {
      if (mode) process.env['PGSSLMODE'] = mode;
      const keep = createTokenKeep({ databaseUrl, gmailEncryptionKey: KEY });
      const error = await failureOf(keep.gmail.hasActiveGmailConnection('u'));
      expect(error.name).toMatch(/^(TlsError|ConfigurationError)$/);
      expect(error.retryable).toBe(false);
      expect(printed(error)).not.toContain('hunter2');
      await keep.close();
    }
    // PostgreSQL's manual, section 54.7, SSLRequest: a question, and no more than that.
    const question = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
    expect(received.length).toBeGreaterThan(5);
    for (const bytes of received) expect(bytes).toEqual(question);
    // The listener would have seen a startup message.
    delete process.env['PGSSLMODE'];
    const keep = createTokenKeep({ databaseUrl: url(address, 'sslmode=disable') });
    const clear = failureOf(keep.gmail.hasActiveGmailConnection('u'));
    await vi.waitFor(() => expect(String(received.at(-1))).toContain('user'));
    server.close();
    for (const socket of sockets) socket.destroy();
    await clear;
    await keep.close();
  });
});
