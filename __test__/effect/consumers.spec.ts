/** `tokenkeep/effect` and `effect3` as an application's code sees them: types, names. */

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installWithEffect } from '../../support/installed.mjs';
import { compile, makeApplication } from './application.mjs';
import { MAJORS, useMajor } from './majors';

const NAMES = [
  'CalendarScopes',
  'DriveScopes',
  'GmailScopes',
  'GoogleApiError',
  'GoogleAuthClient',
  'GoogleAuthClientLive',
  'GoogleAuthenticationError',
  'GoogleOAuthToken',
  'GoogleRateLimitError',
  'GoogleScopeExpansionRequiredError',
  'GoogleTokenExpiredError',
  'GoogleTokenRefreshError',
  'IntegrationTokenStore',
  'IntegrationTokenStoreLive',
  'TokenRefreshError',
  'layer',
  'layerConfig',
  'withCurrentTenant',
  'withCurrentUser',
];

describe.each(MAJORS)('%s', (version) => {
  const setting = useMajor(version);

  it.each([
    ['nodenext', ['--module', 'nodenext']],
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ])('has types that are right under %s', (_, options) => {
    // Those of tokenkeep itself are looked at, too.
    const strictly = ['--skipLibCheck', 'false', ...options];
    expect(compile(version, ...strictly)).toEqual({ status: 0, stdout: '' });
  });

  it('exports what it says, under the keys that an application knows', () => {
    const { tokenkeep } = setting.major;
    expect(Object.keys(tokenkeep).sort()).toEqual(NAMES);
    expect(tokenkeep.IntegrationTokenStore.key).toBe('IntegrationTokenStore');
    expect(tokenkeep.GoogleAuthClient.key).toBe('GoogleAuthClient');
  });
});

describe('beside the other major', () => {
  it.each([
    [
      'v3',
      'effect',
      /^tokenkeep\/effect requires Effect 4, but found Effect 3\.\d.*tokenkeep\/effect3$/,
    ],
    [
      'v4',
      'effect3',
      /^tokenkeep\/effect3 requires Effect 3\.10 .*found Effect 4. Use tokenkeep\/effect instead$/,
    ],
  ] as const)('of Effect, %s, the entry %s says which it needs', (version, entry, message) => {
    const { application, remove } = installWithEffect(version);
    const script = `import('tokenkeep/${entry}')
      .catch(({ code, message }) => console.log(JSON.stringify({ code, message })))`;
    const options = { cwd: application, encoding: 'utf8' } as const;
    const { stdout } = spawnSync(process.execPath, ['-e', script], options);
    remove();
    expect(JSON.parse(stdout)).toEqual({
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      message: expect.stringMatching(message),
    });
  });
});

describe('tokenkeep/effect3', () => {
  it('has one current user and the same services for import and for require', () => {
    const application = makeApplication('v3');
    const { stdout } = spawnSync(process.execPath, [application.copy('module-systems.cjs')], {
      encoding: 'utf8',
    });
    application.remove();
    expect(stdout).toContain('asked for user-1');
  });

  it('declares nothing by names that only some versions of Effect have', () => {
    const folder = join(import.meta.dirname, '../../dist/effect3');
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
    const declarations = files.filter((file) => /\.d\.m?ts$/.test(file));
    expect(declarations.length).toBeGreaterThan(20);
    for (const file of declarations) {
      expect(readFileSync(join(folder, file), 'utf8')).not.toMatch(/effect\/Types|VoidIfEmpty/);
    }
  });
});
