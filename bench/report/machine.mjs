import { number } from '../table.mjs';

/** @param {Awaited<ReturnType<typeof import('../environment.mjs').describeEnvironment>>} it */
export function machineLines(it) {
  const server = it.embedded ? 'embedded' : 'of DATABASE_URL';
  const lines = [
    `Node ${it.node}, PostgreSQL ${it.postgres} (${server}, fsync ${it.fsync}), ` +
      `${it.cores} cores (${it.cpu}), load ${it.loadAverageBefore} before, ` +
      `${number(it.users)} rows, ${buildOf(it)}`,
  ];
  if (it.older) lines.push(`older build: ${buildOf(it.older)}`);
  if (it.addon.debug) lines.push('', debugWarning);
  return lines.join('\n');
}

/** @param {{ commit?: string, addon: { debug: boolean, megabytes: number } }} build */
export function buildOf({ commit, addon }) {
  const at = commit ? ` at ${commit}` : '';
  return `${addon.debug ? 'DEBUG' : 'release'} build of ${addon.megabytes} MB${at}`;
}

export const debugWarning = [
  '!!! THIS IS A DEBUG BUILD OF THE ADDON: ITS FIGURES MEAN NOTHING. !!!',
  '!!! Build it with `npm run build` and measure again.              !!!',
].join('\n');
