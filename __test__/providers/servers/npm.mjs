/** A server from npm: installed, and started as a process of its own. */
import { join } from 'node:path';

import { Browser } from '../browser.mjs';
import { REDIRECT_URI } from '../connect.mjs';
import { installNpm } from '../install.mjs';
import { startNode } from '../ipc.mjs';

/**
 * @param {string} name the folder with its package.json and server.mjs
 * @param {Parameters<import('../scene.mjs').Start>[0]} given
 */
export async function startNpm(name, { clients, users, progress }) {
  progress('installing');
  const folder = await installNpm(name);
  const node = await startNode(join(folder, 'server.mjs'), { cwd: folder });
  const { origin } = await node.tell('start', { clients, users, redirectUri: REDIRECT_URI });
  return { node, origin };
}

/** Signs in at a server that takes the user's name from the address, and asks nothing. */
export async function signInByHint(link, { name }) {
  return (await new Browser(REDIRECT_URI).open(`${link}&login_hint=${name}`)).url;
}
