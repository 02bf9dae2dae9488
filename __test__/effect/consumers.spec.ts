/** `tokenkeep/effect` and `effect3` as an application's code sees them: types, names. */

import { describe, expect, it } from 'vitest';
import { compile } from './application.mjs';
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
