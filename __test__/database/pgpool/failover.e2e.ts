/** The primary behind Pgpool-II is gone, and Pgpool-II makes the standby take its place. */

import { afterEach, describe, expect, it } from 'vitest';
import { failureOf, until } from '../../helpers/promises';
import { losePrimary } from '../failover/lost-primary';
import { PROVIDER, usePair } from '../failover/scene';
import { Pgpool, versionOfPgpool } from './pgpool';

/** As `pg_ctl promote`, where Pgpool-II has the new primary's directory for %R. */
const PROMOTE = 'touch %R/promote && kill -USR1 $(head -n 1 %R/postmaster.pid)';

const scene = usePair();
let pgpool: Pgpool;
afterEach(() => pgpool.stop());

describe(`Pgpool-II ${versionOfPgpool()}, its primary killed under constant traffic`, () => {
  it('says of every call that it may be tried again, while it has no primary', async () => {
    pgpool = await Pgpool.start(scene.pair, { backend_flag0: 'DISALLOW_TO_FAILOVER' });
    const url = new URL(pgpool.url);
    const call = (number: number) => {
      url.searchParams.set('application_name', `instance-${number}`);
      return scene.keep(url.href).integration.getToken('nobody', PROVIDER);
    };
    expect(await call(0)).toBeNull();
    await scene.pair.kill();
    const refused = new Set<unknown>();
    for (let number = 1; number <= 40; number++) {
      const { sqlstate, retryable } = await failureOf(call(number));
      expect({ sqlstate, retryable }).toEqual({ sqlstate, retryable: true });
      refused.add(sqlstate);
    }
    expect(refused).toContain('XX000');
  });

  it('costs nobody a token', async ({ task }) => {
    pgpool = await Pgpool.start(scene.pair, { failover_command: PROMOTE });
    await losePrimary(scene, task, { url: pgpool.url, promote: serving });
  });
});

/** Ends when it lets writes through again. */
async function serving(): Promise<void> {
  const takesWrites = 'BEGIN; LOCK TABLE integration_tokens IN ROW EXCLUSIVE MODE; COMMIT';
  await until(() =>
    pgpool.query(takesWrites).then(
      () => true,
      () => false,
    ),
  );
}
