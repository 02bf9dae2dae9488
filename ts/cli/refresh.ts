/** `tokenkeep refresh`: tokens that run out soon are refreshed before anybody waits for them. */

import { ClosedError } from '../errors/errors';
import { type TokenKeep, createTokenKeep } from '../instance/instance';
import type { RefreshExpiringResult } from '../stores/integration';
import { UsageError, flags } from './usage';

/** Prints what it came to. Exits with 1 when a refresh has failed. */
export async function refresh(args: string[]): Promise<void> {
  const { values } = flags(args, {
    'expires-within': { type: 'string', default: '900' },
    concurrency: { type: 'string', default: '8' },
    limit: { type: 'string' },
    'max-per-second': { type: 'string' },
    schema: { type: 'string' },
    json: { type: 'boolean' },
  });
  const options = {
    expiresWithin: numberOf('--expires-within', values['expires-within']) * 1_000,
    concurrency: numberOf('--concurrency', values.concurrency),
    limit: values.limit === undefined ? undefined : numberOf('--limit', values.limit),
    maxPerSecond:
      values['max-per-second'] === undefined
        ? undefined
        : numberOf('--max-per-second', values['max-per-second']),
  };
  const keep = createTokenKeep(values.schema === undefined ? {} : { schema: values.schema });
  const result = await untilSignal(keep, keep.integration.refreshExpiring(options));
  const text = values.json ? JSON.stringify(result) : linesOf(result).join('\n');
  process.stdout.write(`${text}\n`);
  if (result.failed > 0) process.exitCode = 1;
}

/** How long what was sent may take to be stored after a signal. */
const GRACE_MS = 30_000;

/**
 * The result of a run. A signal ends it: nothing more is sent, and what was sent is stored, since a
 * provider may have made the old refresh token worthless.
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
    throw new ClosedError(`stopped by ${stoppedBy}: what was sent is stored, a later run goes on`);
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
    ...skipped.map(({ provider, count }) => `${provider}: ${rows(count)} due, not tried`),
  ];
}

function numberOf(flag: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new UsageError(`${flag} must be a number above 0`);
  return number;
}
