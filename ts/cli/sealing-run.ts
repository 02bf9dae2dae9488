/** A run of `rotate` or `seal`: shows the progress, and ends at a signal. */

import type { TokenKeep } from '../instance/instance';
import type { SealingRunOptions } from '../instance/resealing';
import { configuredInstance } from './config-file';
import { ProgressLine } from './progress';

interface Values {
  schema: string | undefined;
  json: boolean | undefined;
  'dry-run': boolean | undefined;
}

/** The result of a run. A signal ends it after the current batch. */
export async function sealingRun<Result>(
  { schema, json, 'dry-run': dryRun }: Values,
  start: (keep: TokenKeep, options: SealingRunOptions) => Promise<Result>,
): Promise<Result> {
  const aborter = new AbortController();
  const stop = (signal: string): void =>
    aborter.abort(new Error(`stopped by ${signal}: run it again to do the rest`));
  const progress = json ? undefined : new ProgressLine(process.stderr);
  const keep = await configuredInstance(schema);
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    return await start(keep, {
      dryRun,
      signal: aborter.signal,
      onProgress: (done) => progress?.update(done),
    });
  } finally {
    process.off('SIGTERM', stop).off('SIGINT', stop);
    progress?.clear();
    await keep.close();
  }
}

/** A number of rows, in words. */
export const rowsOf = (rows: number): string =>
  `${rows.toLocaleString('en-US')} ${rows === 1 ? 'row' : 'rows'}`;
