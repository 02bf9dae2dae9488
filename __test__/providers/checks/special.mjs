/** Client IDs and secrets with letters that have a meaning in forms and headers. */
import { PROVIDER } from '../scene.mjs';

/**
 * By each method: whether a client of which ID and secret have such letters connects and refreshes.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function special(scene) {
  const { post, basic, raw } = scene.special;
  const most = [await mostOf(scene, post), await mostOf(scene, basic), await mostOf(scene, raw)];
  return `post ${most[0]}, Basic ${most[1]}, raw ${most[2]}`;
}

/** The most letters that work. */
async function mostOf(scene, clients) {
  const works = [];
  for (const client of clients) if (await isTaken(scene, client)) works.push(client.kind);
  return works.at(-1) ?? 'none';
}

async function isTaken(scene, client) {
  const keep = scene.open(client);
  try {
    const { user } = await scene.connect({ user: scene.nextUser(), client, into: keep });
    await scene.expire(user);
    await keep.integration.getValidToken(user.name, PROVIDER);
    return true;
  } catch (error) {
    process.stderr.write(`· ${client.id}: ${error.message.split('\n')[0]}\n`);
    return false;
  }
}
