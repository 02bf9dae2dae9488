/**
 * Stops PostgreSQL and removes its directory when the process that started it has ended, for any reason: the
 * pipe on stdin closes even after kill -9.
 *
 * Arguments: the directory, and the server's PID file.
 */
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [directory, pidFile] = process.argv.slice(2) as [string, string];

process.stdin.resume();
process.stdin.on('error', () => {});
process.stdin.on('close', async () => {
  await cleanUp();
  // Again after a pause: a server that was just starting writes its PID file late.
  await sleep(500);
  await cleanUp();
});

async function cleanUp(): Promise<void> {
  await stopServer();
  // Retry: an interrupted initdb may still be writing.
  fs.rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

async function stopServer(): Promise<void> {
  for (let attempt = 0; fs.existsSync(pidFile) && attempt < 100; attempt++) {
    if (attempt === 0) signal(Number(fs.readFileSync(pidFile, 'utf8').split('\n')[0]));
    await sleep(50);
  }
}

/** SIGQUIT is PostgreSQL's immediate shutdown, at the end of which it removes the PID file. */
function signal(pid: number): void {
  if (!(pid > 1)) return;
  try {
    process.kill(pid, 'SIGQUIT');
  } catch {
    // The server no longer runs and has left its PID file.
    fs.rmSync(pidFile, { force: true });
  }
}
