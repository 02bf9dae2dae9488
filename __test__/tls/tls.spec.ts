/** TLS to the database: what each mode checks, and what is said when it cannot be. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { file, text, TlsServer } from './server';

let server: TlsServer;
beforeAll(async () => {
  server = await TlsServer.start();
  const keep = createTokenKeep({ databaseUrl: server.url() });
  await keep.migrate({ stores: ['gmail'] });
  await keep.close();
});
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => server.stop());

const CA = { sslrootcert: file('authority.pem') };

/** How the connection is that a URL leads to: `TLSv1.3`, or `none`. */
async function reached(url: string): Promise<string> {
  const keep = createTokenKeep({ databaseUrl: url, gmailEncryptionKey: KEY });
  try {
    expect(await keep.gmail.hasActiveGmailConnection('nobody')).toBe(false);
    const client = new pg.Client({ connectionString: server.url(), ssl: false });
    await client.connect();
    const { rows } = await client.query(
      `SELECT coalesce(version, 'none') AS version FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
       WHERE application_name = 'tokenkeep'`,
    );
    await client.end();
    return rows.map(({ version }) => version).join();
  } finally {
    await keep.close();
  }
}

async function refused(url: string): Promise<string> {
  const keep = createTokenKeep({ databaseUrl: url, gmailEncryptionKey: KEY });
  const failure = await failureOf(keep.gmail.hasActiveGmailConnection('nobody'));
  await keep.close();
  expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_TLS', name: 'TlsError', retryable: false });
  return failure.message;
}

describe('a server whose certificate is right', () => {
  it.each([
    ['verify-full', { sslmode: 'verify-full', ...CA }],
    ['require, which checks everything, too', { sslmode: 'require', ...CA }],
    ['ssl=true', { ssl: 'true', ...CA }],
    ['an authority alone', CA],
    ['prefer', { sslmode: 'prefer', ...CA }],
    ['the authority’s text', { sslmode: 'verify-full', sslrootcert: text('authority.pem') }],
    ['channel binding', { channel_binding: 'require', ...CA }],
  ])('is reached with %s', async (_, query) => {
    expect(await reached(server.url(query))).toBe('TLSv1.3');
  });

  it('is reached with TLS from the first byte, from PostgreSQL 17 on', async () => {
    const direct = server.url({ sslnegotiation: 'direct', ...CA });
    if (server.major >= 17) expect(await reached(direct)).toBe('TLSv1.3');
    else await expect(reached(direct)).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE' });
  });

  it.each<Record<string, string>>([{}, { sslmode: 'disable' }, { ssl: 'false' }])(
    'is reached without TLS with %s',
    async (query) => {
      expect(await reached(server.url(query))).toBe('none');
    },
  );

  it('is reached by another name where names are not checked', async () => {
    const byAddress = (query: Record<string, string>) => server.url(query, '127.0.0.1');
    expect(await reached(byAddress({ sslmode: 'verify-ca', ...CA }))).toBe('TLSv1.3');
    const message = await refused(byAddress({ sslmode: 'verify-full', ...CA }));
    expect(message).toMatch(/another host name.*sslmode=verify-ca/);
  });

  it('is reached with NODE_EXTRA_CA_CERTS, and by libpq’s variables', async () => {
    vi.stubEnv('NODE_EXTRA_CA_CERTS', file('authority.pem'));
    vi.stubEnv('PGSSLMODE', 'verify-full');
    expect(await reached(server.url())).toBe('TLSv1.3');
    vi.stubEnv('NODE_EXTRA_CA_CERTS', undefined);
    expect(await refused(server.url())).toContain('sslrootcert');
    vi.stubEnv('PGSSLROOTCERT', file('authority.pem'));
    expect(await reached(server.url())).toBe('TLSv1.3');
  });
});

describe('libpq’s variables, each for itself', () => {
  const ours = { sslcert: file('postgres.pem'), sslkey: file('postgres.key') };

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['an authority', CA],
    ['a certificate', ours],
    ['sslnegotiation', { sslnegotiation: 'postgres' }],
    ['channel_binding', { channel_binding: 'prefer' }],
    ['sslsni', { sslsni: '1' }],
    ['ssl_min_protocol_version', { ssl_min_protocol_version: 'TLSv1.2' }],
  ])('PGSSLMODE holds beside %s in the URL', async (_, query) => {
    vi.stubEnv('PGSSLMODE', 'verify-full');
    vi.stubEnv('PGSSLROOTCERT', file('stranger.pem'));
    const { sslrootcert: _authority, ...others } = query;
    expect(await refused(server.url(others))).toMatch(/trusted authority/);
    vi.stubEnv('PGSSLROOTCERT', file('authority.pem'));
    expect(await reached(server.url(query))).toBe('TLSv1.3');
  });

  it('PGCHANNELBINDING and PGREQUIRESSL alone ask for TLS', async () => {
    vi.stubEnv('PGCHANNELBINDING', 'require');
    expect(await refused(server.url())).toContain('trusted authority');
    expect(await reached(server.url(CA))).toBe('TLSv1.3');
    vi.stubEnv('PGCHANNELBINDING', undefined);
    vi.stubEnv('PGREQUIRESSL', '1');
    expect(await refused(server.url())).toContain('trusted authority');
  });

  it.each([
    ['PGSSLCRL', '/crl.pem'],
    ['PGREQUIREAUTH', 'scram-sha-256'],
    ['PGGSSENCMODE', 'require'],
    ['PGSSLMODE', 'verify'],
    ['PGSSLROOTCERT', '/no-such-file.pem'],
  ])('%s, which asks for what is not done here, is refused by name', async (variable, value) => {
    vi.stubEnv(variable, value);
    const keep = createTokenKeep({ databaseUrl: server.url(), gmailEncryptionKey: KEY });
    const failure = await failureOf(keep.gmail.hasActiveGmailConnection('nobody'));
    await keep.close();
    expect(failure).toMatchObject({
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      option: variable,
      message: expect.stringMatching(`^${variable}: `),
    });
  });

  it('a mode in the URL counts more than PGSSLMODE', async () => {
    vi.stubEnv('PGSSLMODE', 'disable');
    expect(await reached(server.url({ sslmode: 'verify-full', ...CA }))).toBe('TLSv1.3');
    vi.stubEnv('PGSSLMODE', 'verify-full');
    expect(await reached(server.url({ sslmode: 'disable' }))).toBe('none');
  });
});

describe('a server that nobody vouches for', () => {
  it.each(['verify-full', 'verify-ca', 'require', 'prefer', 'allow'])(
    'is refused with %s, and nothing is sent to it',
    async (sslmode) => {
      expect(await refused(server.url({ sslmode }))).toMatch(/trusted authority.*sslrootcert/);
      const sslrootcert = file('stranger.pem');
      expect(await refused(server.url({ sslmode, sslrootcert }))).toContain('trusted authority');
    },
  );

  it('is reached only where that is asked for by name, and said once', async () => {
    expect(await reached(server.url({ sslmode: 'no-verify' }))).toBe('TLSv1.3');
    const script = `
      const { createTokenKeep } = require(${JSON.stringify(join(import.meta.dirname, '../../dist/index.js'))});
      for (let instance = 0; instance < 3; instance++) {
        createTokenKeep().gmail.hasActiveGmailConnection('nobody').catch(() => {});
      }`;
    const DATABASE_URL = server.url({ sslmode: 'no-verify' });
    const { stderr } = spawnSync(process.execPath, ['-e', script], {
      encoding: 'utf8',
      env: { ...process.env, DATABASE_URL },
    });
    expect(stderr.match(/no-verify: the server.s certificate is not checked/g)).toHaveLength(1);
  });
});

describe('a certificate that is not valid', () => {
  afterAll(() => server.show('server'));

  it.each([
    ['expired', 'has expired'],
    ['future', 'not valid yet'],
  ] as const)('is refused when it is %s, also where names are not checked', async (shown, why) => {
    await server.show(shown);
    for (const sslmode of ['verify-full', 'verify-ca']) {
      expect(await refused(server.url({ sslmode, ...CA }))).toContain(why);
    }
  });
});

describe('a server that asks for a certificate', () => {
  beforeAll(() => server.askForCertificates());

  it('is shown the one of sslcert and sslkey', async () => {
    const ours = { sslcert: file('postgres.pem'), sslkey: file('postgres.key') };
    expect(await reached(server.url({ ...CA, ...ours }))).toBe('TLSv1.3');
    const texts = { sslcert: text('postgres.pem'), sslkey: text('postgres.key') };
    expect(await reached(server.url({ ...CA, ...texts }))).toBe('TLSv1.3');
  });
});

describe('a server without TLS', () => {
  it('is distinguished from one that is away, and reached where that is allowed', async () => {
    await server.set({ ssl: 'off' });
    expect(await refused(server.url({ sslmode: 'verify-full', ...CA }))).toMatch(
      /does not support TLS.*sslmode=disable/,
    );
    for (const sslmode of ['prefer', 'allow']) {
      expect(await reached(server.url({ sslmode }))).toBe('none');
    }
  });
});

describe('settings of TLS that cannot be used', () => {
  it.each([
    ['sslmode', { sslmode: 'strict' }],
    ['sslrootcert', { sslrootcert: '/nowhere/authority.pem' }],
    ['sslrootcert', { sslrootcert: file('server.key') }],
    ['sslkey', { ...CA, sslcert: file('postgres.pem') }],
    ['sslkey', { ...CA, sslcert: file('postgres.pem'), sslkey: file('expired.key') }],
    ['sslcert', { ...CA, sslcert: file('postgres.key'), sslkey: file('postgres.key') }],
    ['channel_binding', { channel_binding: 'always' }],
    ['sslmode', { sslmode: 'prefer', channel_binding: 'require' }],
    ['sslmode', { sslmode: 'require', ssl: 'false' }],
    ['sslnegotiation', { sslnegotiation: 'late' }],
  ])('are an error that names %s: %o', async (option, query) => {
    const keep = createTokenKeep({ databaseUrl: server.url(query), gmailEncryptionKey: KEY });
    const failure = await failureOf(keep.gmail.hasActiveGmailConnection('nobody'));
    expect(failure).toMatchObject({
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      option: 'DATABASE_URL',
      message: expect.stringContaining(option),
    });
    await keep.close();
  });
});
