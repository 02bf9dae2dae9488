// The standalone output, moved away from where it was built, as an image has it.
const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { cpSync, mkdtempSync, rmSync } = require('node:fs');
const { createServer } = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

main();

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenkeep-standalone-'));
  cpSync('.next/standalone', folder, { recursive: true, verbatimSymlinks: true });
  const port = await freePort();
  const server = spawn(process.execPath, ['server.js'], {
    cwd: folder,
    env: { ...process.env, PORT: `${port}`, HOSTNAME: '127.0.0.1' },
    stdio: 'inherit',
  });
  try {
    const answer = await ask(`http://127.0.0.1:${port}/job`);
    assert.equal(await answer.text(), 'done');
  } finally {
    server.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ask(url) {
  for (let left = 100; ; left--) {
    try {
      return await fetch(url);
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
