import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';

import { startNode } from '../ipc.mjs';
import { PROVIDER } from '../scene.mjs';

const PROCESSES = 2;
const CALLS = 20;
const program = fileURLToPath(new URL('../caller.mjs', import.meta.url));

/**
 * Many callers of several processes find the same token expired.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function storm(scene) {
  const { client, proxy } = scene;
  const { user, accessToken } = await scene.connect({ user: scene.nextUser() });
  await scene.expire(user);
  const processes = await Promise.all(Array.from({ length: PROCESSES }, () => startNode(program)));
  try {
    const target = { user: user.name, provider: PROVIDER };
    const everybody = (command, argument) =>
      Promise.all(processes.map((each) => each.tell(command, argument)));
    await everybody('open', { ...target, options: scene.options(client) });
    proxy.reset();
    const tokens = (await everybody('call', { ...target, calls: CALLS })).flat();
    assert.equal(tokens.length, PROCESSES * CALLS);
    assert.equal(new Set(tokens).size, 1, 'everybody gets the same');
    assert.notEqual(tokens[0], accessToken);
    assert.ok(await scene.server.isValid(tokens[0], client), `everybody got ${tokens[0]}`);
    await everybody('close');
    const count = proxy.refreshes();
    return count === 1 ? '1 request' : `${count} requests`;
  } finally {
    await Promise.all(processes.map((each) => each.stop()));
  }
}
