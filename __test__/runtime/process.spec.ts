/** Whole processes: they end by themselves, and not before their answers are stored. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { KEY } from '../helpers/database';
import { programPath } from '../helpers/processes';
import { insertRow } from '../helpers/rows';
import { useScene } from '../helpers/scene';

const scene = useScene();

/** A script that takes longer hangs. */
const HANG_MS = 20_000;

interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a program of `__test__/helpers/programs` to its end. */
function run(script: string, ...args: string[]): Promise<Ended> {
  return start(script, args).ended;
}

function start(script: string, args: string[]) {
  const child = spawn(process.execPath, [programPath(script), ...args], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: scene.database.url,
      GMAIL_ENCRYPTION_KEY: KEY,
      GOOGLE_CLIENT_ID: 'client',
      GOOGLE_CLIENT_SECRET: 'secret',
      TOKENKEEP_GOOGLE_TOKEN_URL: scene.endpoint.url,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: HANG_MS,
    killSignal: 'SIGKILL',
  });
  const read = async (stream: NodeJS.ReadableStream) => {
    let text = '';
    for await (const chunk of stream.setEncoding('utf8')) text += chunk;
    return text;
  };
  const ended = (async (): Promise<Ended> => {
    const texts = [read(child.stdout), read(child.stderr)];
    const [code, signal] = await once(child, 'close');
    const [stdout, stderr] = await Promise.all(texts);
    return { code, signal, stdout: stdout!, stderr: stderr! };
  })();
  return { child, ended };
}

const well = (stdout: unknown) => ({ code: 0, signal: null, stdout, stderr: '' });

describe('a script that never calls close()', () => {
  it.each(['read-one.cjs', 'read-one.mjs', 'read-in-worker.mjs'])(
    'ends by itself after it has read a token: %s',
    async (script) => {
      const userId = await insertRow(scene.database, { left: 3_600 });
      const ended = await run(script, userId);
      expect(ended).toEqual(well(expect.any(String)));
      expect(JSON.parse(ended.stdout)).toMatchObject({ userId, accessToken: 'access-old' });
    },
  );

  it('ends by itself when it has only imported', async () => {
    expect(await run('import-only.cjs')).toEqual(well('imported'));
  });

  it('ends by itself after a refresh', async () => {
    const user = await scene.user();
    expect(await run('slow-call.mjs', user.id)).toEqual(
      well(`got ${(await scene.tokens(user))!.accessToken}`),
    );
  });

  it('ends by itself after a failure', async () => {
    expect(await run('slow-call.mjs', 'nobody')).toEqual(well('failed GmailNotConnectedError'));
  });

  it('ends with the code of Node when a rejection is not handled', async () => {
    const ended = await run('unhandled.mjs');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('InvalidArgumentError: userId: ');
  });
});

describe('a process with a call that is pending', () => {
  it('stays until the answer is there', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ delayMs: 1_500 }]);
    const ended = await run('slow-call.mjs', user.id);
    const { accessToken } = (await scene.tokens(user))!;
    expect(accessToken).not.toBe(user.accessToken);
    expect(ended).toEqual(well(`got ${accessToken}`));
  });

  it.each([
    ['the main thread', 'impatient.mjs'],
    ['a worker', 'impatient-worker.mjs'],
  ])('whose caller in %s gave up stays until the answer is stored', async (_, script) => {
    const user = await scene.user({ left: 200 });
    scene.endpoint.script([{ delayMs: 2_000 }]);
    const ended = await run(script, user.id);
    expect(ended).toEqual(well(user.accessToken));
    const stored = (await scene.tokens(user))!;
    expect(stored.refreshToken).not.toBe(user.refreshToken);
    expect(scene.endpoint.isAlive(stored.refreshToken)).toBe(true);
    expect((await scene.row(user))!.refreshing_at).toBeNull();
  });

  it('ends at once when it has only waited for somebody else', async () => {
    const user = await scene.user({ left: 200, leaseAge: 0 });
    expect(await run('impatient.mjs', user.id)).toEqual(well(user.accessToken));
    expect(scene.endpoint.requests).toHaveLength(0);
  });
});

describe('a signal', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends the process as Node does', async (name) => {
    const user = await scene.user();
    scene.endpoint.script([{ hang: true }]);
    const { child, ended } = start('slow-call.mjs', [user.id]);
    await scene.requests(1);
    child.kill(name);
    expect(await ended).toMatchObject({ code: null, signal: name, stdout: '' });
  });
});

describe('a worker that is terminated', () => {
  it('in the middle of its calls leaves the main thread working', async () => {
    const reading = await insertRow(scene.database, { left: 3_600 });
    const [refreshing, called] = [await scene.user(), await scene.user()];
    scene.endpoint.script(() => ({ delayMs: 300 }));
    const ended = await run('terminated-worker.mjs', reading, refreshing.id, called.id);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(JSON.parse(ended.stdout)).toEqual(Array(50).fill(reading));
    // A refreshFn that will never answer may have spent the refresh token.
    expect((await scene.row(called))!.refreshing_at).toBeInstanceOf(Date);
    expect(await scene.tokens(called)).toMatchObject({ refreshToken: called.refreshToken });
  });
});

describe('import and require', () => {
  it('give the same classes and functions, and the names that belong to each entry', async () => {
    const ended = await run('two-module-systems.mjs');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const { answers, sharesClasses } = JSON.parse(ended.stdout);
    expect(sharesClasses).toBe(true);
    for (const { imported, required, same } of answers) {
      expect(imported).toEqual(required);
      expect(same).toBe(true);
    }
    const [whole, gmail, crypto] = answers.map(({ imported }: { imported: string[] }) => imported);
    expect(crypto).toEqual(['decryptToken', 'encryptToken']);
    expect(gmail).toHaveLength(7);
    for (const name of [...gmail, ...crypto, 'createTokenKeep', 'migrate', 'close']) {
      expect(whole).toContain(name);
    }
  });
});
