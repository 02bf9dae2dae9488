/**
 * A TCP proxy that forwards everything a fixed time later. Node's timers count whole milliseconds; for shorter
 * times it waits in slices, and looks for new data between them.
 */
import net from 'node:net';

const sliceMs = 0.05;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** @type {{ dueMs: number, forward: () => void }[]} in the order in which they are due */
const pending = [];
let waiting = false;
let delayMs = 0;

/** @param {() => void} forward */
function later(forward) {
  pending.push({ dueMs: performance.now() + delayMs, forward });
  if (waiting) return;
  waiting = true;
  setImmediate(work);
}

function work() {
  while (pending[0]?.dueMs <= performance.now()) pending.shift().forward();
  waiting = pending.length > 0;
  if (!waiting) return;
  const leftMs = pending[0].dueMs - performance.now();
  if (leftMs > 0) Atomics.wait(sleeper, 0, 0, Math.min(sliceMs, leftMs));
  // After whatever has arrived meanwhile.
  setImmediate(work);
}

/** @param {net.Socket} from @param {net.Socket} to */
function forward(from, to) {
  from.setNoDelay(true);
  from.on('error', () => {});
  from.on('data', (bytes) => later(() => to.write(bytes)));
  from.on('end', () => later(() => to.end()));
  from.on('close', () => later(() => to.destroySoon()));
}

/** @param {{ host: string, port: number }} target */
function listen(target) {
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const upstream = net.connect({ host: target.host, port: target.port, allowHalfOpen: true });
    forward(client, upstream);
    forward(upstream, client);
  });
  server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
}

process.on('message', (message) => {
  if (message.target) listen(message.target);
  delayMs = message.delayMs ?? delayMs;
});
// Exit if the parent has ended, even if it was killed.
process.on('disconnect', () => process.exit());
