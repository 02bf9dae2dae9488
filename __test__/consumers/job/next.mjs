/** A Next.js application under `next start`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Starts what `next build` has made here. @param {Record<string, string>} [env] */
export async function startNext(env = {}) {
  const port = await freePort();
  const args = ['node_modules/next/dist/bin/next', 'start', '--hostname', '127.0.0.1'];
  const child = spawn(process.execPath, [...args, '--port', `${port}`], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  return {
    origin: `http://127.0.0.1:${port}`,
    exited: once(child, 'exit'),
    /** Resolves when it has printed this. @param {string} text */
    async says(text) {
      while (!output.includes(text)) await once(child.stdout, 'data');
    },
    terminate: () => child.kill('SIGTERM'),
    kill: () => child.kill('SIGKILL'),
  };
}

/** Asks as soon as it listens. @param {string} url @param {RequestInit} [init] */
export async function send(url, init) {
  for (let left = 100; ; left--) {
    try {
      return await fetch(url, init);
    } catch (error) {
      if (left === 0 || init?.signal?.aborted) throw error;
      await sleep(200);
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
