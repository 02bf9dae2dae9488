/** What every scenario does: it starts its server and makes each check. */
import { connects } from './checks/connects.mjs';
import { dead } from './checks/dead.mjs';
import { refreshes } from './checks/refreshes.mjs';
import { reuse } from './checks/reuse.mjs';
import { revocation } from './checks/revocation.mjs';
import { rotation } from './checks/rotation.mjs';
import { special } from './checks/special.mjs';
import { storm } from './checks/storm.mjs';
import { wrongSecret } from './checks/wrong-secret.mjs';
import { openScene } from './scene.mjs';

/**
 * The checks, in the order of the columns. Each gives what it saw in a few words, and throws for what is
 * wrong at any server.
 *
 * @type {Record<string, (scene: import('./scene.mjs').Scene) => Promise<string>>}
 */
const checks = {
  connect: connects,
  refresh: refreshes,
  storm,
  rotation,
  reuse,
  revocation,
  'dead grant': dead,
  'wrong secret': wrongSecret,
  'special letters': special,
};

/**
 * @param {Omit<Parameters<typeof openScene>[0], 'progress'>} server
 * @param {Record<keyof typeof checks, string>} expected what each check sees there
 * @returns {import('../runner/run.mjs').Scenario<import('./report.mjs').Line>['run']}
 */
export function runOn(server, expected) {
  return async ({ progress }) => {
    const scene = await openScene({ ...server, progress });
    const { version } = scene.server;
    const lines = [{ check: 'version', seen: version, expected: version }];
    try {
      for (const [check, make] of Object.entries(checks)) {
        const seen = await make(scene).catch((error) => {
          process.stderr.write(`${error.stack}\n`);
          return `threw ${error.name}: ${error.message.split('\n')[0]}`;
        });
        progress(`${check}: ${seen}`);
        lines.push({ check, seen, expected: expected[check] });
      }
    } finally {
      await scene.close();
    }
    return lines;
  };
}
