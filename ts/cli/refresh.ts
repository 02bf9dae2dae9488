/** `tokenkeep refresh`: refreshes tokens that expire soon, before a caller has to wait for them. */

import { ClosedError } from '../errors/errors';
import type { TokenKeep } from '../instance/instance';
import type { RefreshExpiringResult } from '../stores/integration';
import { configuredInstance } from './config-file';
import { UsageError } from './usage';

interface Values {
  'expires-within': string;
  concurrency: string;
  limit: string | undefined;
  'max-per-second': string | undefined;
  schema: string | undefined;
  json: boolean | undefined;
}

/** Prints the result. Exits with 1 when a refresh has failed. */
export async function refresh(values: Values): Promise<void> {
  const { limit, 'max-per-second': perSecond } = values;
  const options = {
    expiresWithin: numberOf('--expires-within', values['expires-within']) * 1_000,
    concurrency: numberOf('--concurrency', values.concurrency),
    limit: limit === undefined ? undefined : numberOf('--limit', limit),
    maxPerSecond: perSecond === undefined ? undefined : numberOf('--max-per-second', perSecond),
  };
  const keep = await configuredInstance(values.schema);
  const result = await untilSignal(keep, keep.integration.refreshExpiring(options));
  const text = values.json ? JSON.stringify(result) : linesOf(result).join('\n');
  process.stdout.write(`${text}\n`);
  if (result.failed > 0) process.exitCode = 1;
}

/** How long after a signal answers may take to arrive and be stored. */
const GRACE_MS = 30_000;

/**
 * The result of a run. A signal ends it: no more requests are sent, and the answers to those that
 * were sent are stored, since a provider may have invalidated the old refresh token.
 */
async function untilSignal<Result>(keep: TokenKeep, run: Promise<Result>): Promise<Result> {
  let stoppedBy: string | undefined;
  const stop = (signal: string): void => {
    stoppedBy = signal;
    void keep.close({ timeoutMs: GRACE_MS });
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  try {
    return await run;
  } catch (error) {
    if (!stoppedBy || !(error instanceof ClosedError)) throw error;
    throw new ClosedError(
      `stopped by ${stoppedBy}: all answers are stored; run it again to refresh the rest`,
    );
  } finally {
    await keep.close(stoppedBy ? { timeoutMs: GRACE_MS } : {});
    process.off('SIGTERM', stop).off('SIGINT', stop);
  }
}

function linesOf({
  refreshed,
  failed,
  revoked,
  failures,
  skipped,
}: RefreshExpiringResult): string[] {
  const rows = (count: number) => `${count} ${count === 1 ? 'row' : 'rows'}`;
  return [
    `Refreshed ${refreshed}, failed ${failed}, revoked ${revoked}`,
    ...failures.map(({ provider, code, count }) => `${provider}: ${rows(count)}, ${code}`),
    ...skipped.map(({ provider, count }) => `${provider}: ${rows(count)} due, not refreshed`),
  ];
}

function numberOf(flag: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new UsageError(`${flag} must be a number greater than 0`);
  return number;
}
