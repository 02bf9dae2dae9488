/** Encryption: what is in force, and what was asked for. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLoopback, tlsCheck } from '../../dist/cli/doctor/tls.js';
import type { Attempt, Facts, TlsMode } from '../../dist/cli/doctor/findings.js';
import { file, TlsServer } from '../tls/server';
import { examine, run } from './doctor';

const CA = { sslrootcert: file('authority.pem') };

describe('a server with TLS', () => {
  let server: TlsServer;
  beforeAll(async () => {
    server = await TlsServer.start();
  });
  afterAll(() => server.stop());

  const tls = async (query: Record<string, string>) =>
    (await examine({ DATABASE_URL: server.url(query) })).check('database.tls');

  it.each([
    ['verify-full', 'ok', /TLSv1\.3, TLS_AES_\w+\); .* and name are verified/],
    ['verify-ca', 'ok', /but not its name/],
    ['prefer', 'ok', /TLSv1\.3/],
    ['disable', 'ok', /not encrypted\. It does not leave this machine/],
  ])('is spoken to as %s says', async (sslmode, status, found) => {
    const check = await tls({ sslmode, ...(sslmode === 'disable' ? {} : CA) });
    expect(check).toMatchObject({ status, found: expect.stringMatching(found) });
  });

  it('that nobody checks is a warning, also on this machine', async () => {
    const { code, check } = await warned(server.url({ sslmode: 'no-verify' }));
    expect(code).toBe('warning');
    expect(check).toMatch(/nothing is verified .* Anyone on the way to the server/);
  });

  it('that nobody vouches for is a problem of the connection, with what to change', async () => {
    const { check } = await examine({ DATABASE_URL: server.url({ sslmode: 'verify-full' }) });
    expect(check('database.connection')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('trusted authority'),
      fix: expect.stringContaining('sslrootcert'),
    });
    expect(check('database.tls')).toBeUndefined();
  });
});

/** The process warns of it by itself. */
async function warned(DATABASE_URL: string) {
  const { stdout } = await run(['--json', '--offline'], { DATABASE_URL });
  const told = JSON.parse(stdout).checks.find(({ id }: { id: string }) => id === 'database.tls');
  return { code: told.status as string, check: told.found as string };
}

describe('a server over a network', () => {
  const far = { host: 'db.example' } as Attempt;
  const seen = { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' };
  const check = (mode: TlsMode, tls: Facts['tls'], viaPooler = false) =>
    tlsCheck(far, { tls } as Facts, mode, viaPooler);

  it.each<[TlsMode, Facts['tls'], string]>([
    ['verify-full', seen, 'ok'],
    ['verify-ca', seen, 'ok'],
    ['no-verify', seen, 'warning'],
    ['prefer', seen, 'warning'],
    ['prefer', null, 'warning'],
    ['disable', null, 'warning'],
  ])('with %s, and %j there, is %s', (mode, tls, status) => {
    expect(check(mode, tls).status).toBe(status);
  });

  it('behind a pooler is not taken for the connection to the pooler', () => {
    const plainBehind = check('verify-full', null, true);
    expect(plainBehind).toMatchObject({
      status: 'ok',
      found: expect.stringContaining('From the pooler to the server: not encrypted'),
    });
    expect(check('disable', seen, true)).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('is not encrypted. From the pooler to the server: TLSv1.3'),
    });
    expect(check('prefer', seen, true).status).toBe('warning');
  });

  it('is distinguished from this machine', () => {
    for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '/var/run/postgresql']) {
      expect(isLoopback(host), host).toBe(true);
    }
    for (const host of ['db.example', '10.0.0.1', '127.0.0.1.example', 'localhost.example']) {
      expect(isLoopback(host), host).toBe(false);
    }
  });
});
