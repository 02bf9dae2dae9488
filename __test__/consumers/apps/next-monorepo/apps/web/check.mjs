// webpack has left tokenkeep alone, which only another package of the workspace imports.
import assert from 'node:assert/strict';
import { send, startNext } from './job/next.mjs';

const next = await startNext();
try {
  assert.equal(await (await send(`${next.origin}/job`)).text(), 'done');
} finally {
  next.kill();
}
