/**
 * Has logging in take no time, on a server of ours: a holder opens a connection for every row, and
 * a debug build of the addon is slow at SCRAM's thousands of rounds.
 *
 * @param {import('../scene.mjs').Scene} scene
 */
export async function quickenLogin({ server, database }) {
  if (!server.embedded) return;
  const { username, password } = new URL(server.url);
  await database.query(
    `SET scram_iterations = 1; ALTER ROLE ${username} PASSWORD '${password}'; RESET scram_iterations`,
  );
}
