import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePort } from '../../../../support/free-port.mjs';
import { Browser } from '../../browser.mjs';
import { REDIRECT_URI } from '../../connect.mjs';
import { installPip } from '../../install.mjs';
import { startProgram } from '../../program.mjs';
import { newState } from '../../state.mjs';
import { takenBy } from '../bearer.mjs';
import { pinnedPip } from '../pinned.mjs';

const NAME = 'django-oauth-toolkit';

/**
 * With settings of `OAUTH2_PROVIDER` that differ from the defaults.
 *
 * @param {Record<string, unknown>} [options]
 * @returns {import('../../scene.mjs').Start}
 */
export function startWith(options = {}) {
  return async ({ clients, users, progress }) => {
    progress('installing');
    const { folder, python } = await installPip(NAME);
    const port = await freePort();
    const state = await newState();
    const given = join(state.folder, 'given.json');
    const database = join(state.folder, 'database.sqlite3');
    const settings = { port, database, clients, users, redirectUri: REDIRECT_URI, options };
    await writeFile(given, JSON.stringify(settings));
    const origin = `http://127.0.0.1:${port}`;
    const url = `${origin}/accounts/login/`;
    const program = await startProgram(python, [join(folder, 'server.py'), given], { url });
    const logIn = (browser, page, { name, password }) =>
      browser.submit(page, { username: name, password });
    return {
      version: pinnedPip(NAME, 'django-oauth-toolkit'),
      authorizationUrl: `${origin}/o/authorize/`,
      tokenUrl: `${origin}/o/token/`,
      revocationUrl: `${origin}/o/revoke_token/`,
      scope: 'read',
      signIn: async (link, user) => {
        const browser = new Browser(REDIRECT_URI);
        const consent = await logIn(browser, await browser.open(link), user);
        return (await browser.submit(consent, { allow: 'Authorize' })).url;
      },
      isValid: takenBy(`${origin}/resource/`),
      endGrant: async ({ user }) => {
        const browser = new Browser(REDIRECT_URI);
        const list = await logIn(
          browser,
          await browser.open(`${origin}/o/authorized_tokens/`),
          user,
        );
        const [, path] = /href="([^"]*\/delete\/)"/.exec(list.html);
        await browser.submit(await browser.open(`${origin}${path}`), {});
      },
      stop: async () => {
        await program.stop();
        await state.remove();
      },
    };
  };
}
