/**
 * What the publish workflow's jobs may do: a job that can publish, and sign where something was built,
 * runs no code but npm's, so that no dependency of a build can do it in our name.
 */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packTarballs } from '../../scripts/packages/tarballs.mjs';

interface Step {
  uses?: string;
  run?: string;
  'working-directory'?: string;
  with?: Record<string, string>;
}
interface Job {
  permissions?: Record<string, string>;
  env?: Record<string, string>;
  steps: Step[];
}
interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const root = join(import.meta.dirname, '../..');
const { permissions, jobs } = parse(
  readFileSync(join(root, '.github/workflows/publish.yml'), 'utf8'),
) as Workflow;
const signs = (job: Job) => (job.permissions ?? permissions)['id-token'] !== undefined;
const signing = Object.values(jobs).filter(signs);

let work: string;
let tarballs: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'tokenkeep-publish-'));
  tarballs = join(work, 'tarballs');
  const folders = ['@scope/addon', 'main'].map((name, index) => {
    const folder = join(work, `${index}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, version: '1.0.0' }));
    return folder;
  });
  packTarballs(folders, tarballs);
});
afterEach(() => rmSync(work, { recursive: true }));

/** Runs the commands of the job's steps where the tarballs are; every tool that is not `npm` is coreutils'. */
function runJob(sums = readFileSync(join(tarballs, 'SHA256SUMS'), 'utf8')) {
  const [job] = signing as [Job];
  const bin = join(work, 'bin');
  const log = join(work, 'log');
  mkdirSync(bin);
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\necho "npm $*" >> '${log}'\n`, { mode: 0o755 });
  writeFileSync(log, '');
  const env: Record<string, string> = { PATH: `${bin}:/usr/bin:/bin` };
  for (const [name, value] of Object.entries(job.env ?? {})) {
    env[name] = value.replace(/\$\{\{ *needs\.\w+\.outputs\.sums *\}\}/, sums.trim());
  }
  for (const { run, 'working-directory': folder = '.' } of job.steps) {
    if (!run) continue;
    const options = { cwd: join(work, folder), env, encoding: 'utf8' } as const;
    const { status } = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', run], options);
    if (status !== 0) return { status, commands: readFileSync(log, 'utf8') };
  }
  return { status: 0, commands: readFileSync(log, 'utf8') };
}

describe('the job that publishes', () => {
  it('is one, and the others may only read', () => {
    expect(signing).toHaveLength(1);
    for (const job of Object.values(jobs).filter((each) => !signs(each))) {
      expect(job.permissions ?? permissions).toEqual({ contents: 'read' });
    }
  });

  it('installs and builds nothing: it publishes the tarballs that were made, the root one last', () => {
    expect(runJob()).toEqual({
      status: 0,
      commands: [
        'npm publish ./scope-addon-1.0.0.tgz --provenance --ignore-scripts',
        'npm publish ./main-1.0.0.tgz --provenance --ignore-scripts',
        '',
      ].join('\n'),
    });
    const actions = signing.flatMap(({ steps }) => steps.map(({ uses }) => uses?.split('@')[0]));
    expect(actions).not.toContain('actions/checkout');
  });

  it('publishes nothing when one of the tarballs is another than the one that was made', () => {
    writeFileSync(join(tarballs, 'main-1.0.0.tgz'), 'another');
    expect(runJob()).toMatchObject({ status: 1, commands: '' });
  });

  it('publishes no tarball that nobody made', () => {
    writeFileSync(join(tarballs, 'stranger-1.0.0.tgz'), 'another');
    expect(runJob().commands).not.toContain('stranger');
  });

  it('publishes nothing when no hash came', () => {
    expect(runJob('')).toMatchObject({ status: 1, commands: '' });
  });
});
