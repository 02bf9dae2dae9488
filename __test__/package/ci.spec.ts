/** The workflows: what they call exists, and runs nobody's code but ours and that which was reviewed. */

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Step {
  uses?: string;
  run?: string;
}
interface Job {
  permissions?: Record<string, string>;
  'timeout-minutes'?: number;
  strategy?: { matrix?: { include?: { run?: string }[] } };
  steps: Step[];
}
interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
const folder = '.github/workflows';
const workflows = readdirSync(join(root, folder)).map((file) => ({
  file,
  workflow: parse(read(join(folder, file))) as Workflow,
}));
const jobsOf = (workflow: Workflow) => Object.values(workflow.jobs);
const commandsOf = ({ steps, strategy }: Job) => [
  ...steps.flatMap(({ run }) => run ?? []),
  ...(strategy?.matrix?.include ?? []).flatMap(({ run }) => run ?? []),
];
/** The scripts that a text calls by `npm test` and `npm run NAME`. */
const scriptsIn = (text: string) =>
  [...text.matchAll(/\bnpm (?:run (?:--silent )?([\w:-]+)|(test))\b/g)].map(
    ([, name, test]) => name ?? test ?? '',
  );

describe.each(workflows)('$file', ({ workflow }) => {
  it('calls only scripts that package.json has', () => {
    const called = jobsOf(workflow).flatMap(commandsOf).flatMap(scriptsIn);
    expect(called.length).toBeGreaterThan(5);
    expect(called.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('uses each action by its commit: a tag can be moved', () => {
    const used = jobsOf(workflow).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
  });
});

describe('ci.yml', () => {
  const { workflow } = workflows.find(({ file }) => file === 'ci.yml')!;

  it('may only read: it runs the code of pull requests', () => {
    expect(workflow.permissions).toEqual({ contents: 'read' });
    for (const job of jobsOf(workflow)) expect(job.permissions).toBeUndefined();
  });

  it('lets no job hang for the six hours that are the default', () => {
    for (const job of jobsOf(workflow)) expect(job['timeout-minutes']).toBeLessThanOrEqual(240);
  });

  it('runs all that `npm run ready` runs', () => {
    const called = jobsOf(workflow).flatMap(commandsOf).join('\n');
    for (const part of [
      'npm run check',
      '--only core',
      '--only javascript',
      'check:supply-chain',
    ]) {
      expect(called).toContain(part);
    }
  });

  it('runs at night all tests that are no part of `npm test`', () => {
    const parts = ['test:rust', 'test:js', 'test:jest', 'test:stores'];
    const others = Object.keys(scripts).filter((name) => name.startsWith('test:'));
    expect(scriptsIn(commandsOf(workflow.jobs['nightly']!).join('\n')).sort()).toEqual(
      [...others.filter((name) => !parts.includes(name)), 'build:debug', 'fuzz'].sort(),
    );
  });
});

it('the tests that run on macOS and Windows are there', () => {
  const paths = scripts['test:stores']!.split(' ').filter((word) => word.startsWith('__test__/'));
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) expect(existsSync(join(root, path)), path).toBe(true);
});
