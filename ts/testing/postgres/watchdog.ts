/**
 * Outlives the process that started PostgreSQL by a moment, however that one ended: the pipe on
 * stdin closes with it, even after kill -9. Then the server stops and its directory goes.
 *
 * Arguments: the directory, and where in it the server writes its process id.
 */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [directory, pidFile] = process.argv.slice(2) as [string, string];

process.stdin.resume();
process.stdin.on('error', () => {});
process.stdin.on('close', async () => {
  await cleanUp();
  // Once more after a pause: a server that was just starting writes its process id late.
  await sleep(500);
  await cleanUp();
});

async function cleanUp(): Promise<void> {
  await stopServer();
  // initdb, cut short, may still be writing: hence the retries.
  fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function stopServer(): Promise<void> {
  for (let attempt = 0; fs.existsSync(pidFile) && attempt < 100; attempt++) {
    if (attempt === 0) signal(Number(fs.readFileSync(pidFile, 'utf8').split('\n')[0]));
    await sleep(50);
  }
}

/** SIGQUIT is PostgreSQL's immediate shutdown. It removes the file when it is done. */
function signal(pid: number): void {
  if (!(pid > 1)) return;
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    // It is gone already and left its file behind.
    fs.rmSync(pidFile, { force: true });
  }
}
