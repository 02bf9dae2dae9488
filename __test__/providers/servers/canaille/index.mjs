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

const NAME = 'canaille';

/** @type {import('../../scene.mjs').Start} */
export async function start({ clients, users, progress }) {
  progress('installing');
  const { folder, python } = await installPip(NAME);
  const port = await freePort();
  const state = await newState();
  const given = join(state.folder, 'given.json');
  const database = join(state.folder, 'database.sqlite3');
  const settings = { port, database, clients, users, redirectUri: REDIRECT_URI };
  await writeFile(given, JSON.stringify(settings));
  const origin = `http://127.0.0.1:${port}`;
  const script = join(folder, 'server.py');
  const program = await startProgram(python, [script, given], { url: `${origin}/login` });
  const logIn = async (browser, login, { name, password }) => {
    const ask = await browser.submit(login, { login: name });
    return browser.submit(ask, { password });
  };
  return {
    version: pinnedPip(NAME, 'canaille'),
    issuer: origin,
    authorizationUrl: `${origin}/oauth/authorize`,
    tokenUrl: `${origin}/oauth/token`,
    revocationUrl: `${origin}/oauth/revoke`,
    scope: 'openid profile',
    // Its access tokens say in which second they were made, and nothing else that differs: it fails with 500 when a
    // user's token would be refreshed twice in one second.
    pauseMs: 1_100,
    signIn: async (link, user) => {
      const browser = new Browser(REDIRECT_URI);
      const consent = await logIn(browser, await browser.open(link), user);
      return (await browser.submit(consent, { answer: 'accept' })).url;
    },
    isValid: takenBy(`${origin}/oauth/userinfo`),
    endGrant: async ({ user }) => {
      const browser = new Browser(REDIRECT_URI);
      await logIn(browser, await browser.open(`${origin}/login`), user);
      const { html } = await browser.open(`${origin}/consent/`);
      const [, path] = /href="([^"]*\/consent\/revoke\/[^"]*)"/.exec(html);
      await browser.open(new URL(path, origin).href);
    },
    stop: async () => {
      await program.stop();
      await state.remove();
    },
  };
}
