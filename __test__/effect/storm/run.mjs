/**
 * 4 processes of 100 fibers each refresh one token, half of them interrupted at random moments:
 * `node __test__/effect/storm/run.mjs [--rounds 200] [--only v4]`. Anything wrong fails the run.
 */
import { parseArgs } from 'node:util';
import { createTokenKeep } from '../../../dist/index.js';
import { openDatabase } from '../../../support/postgres.mjs';
import { storm } from './storm.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '200' }, only: { type: 'string' } },
});
const server = await openDatabase();
try {
  const keep = createTokenKeep({ databaseUrl: server.url });
  await keep.migrate({ stores: ['integration'] });
  await keep.close();
  for (const version of values.only ? [values.only] : ['v3', 'v4']) {
    const options = { version, rounds: Number(values.rounds), databaseUrl: server.url };
    const told = await storm(options, (round) => {
      if (process.stderr.isTTY) process.stderr.write(`\r${version}: round ${round} `);
    });
    console.log(version, JSON.stringify(told));
    if (Object.values(told.wrong).some(Boolean)) process.exitCode = 1;
  }
} finally {
  await server.stop();
}
