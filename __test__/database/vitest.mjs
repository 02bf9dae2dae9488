/** Runs vitest in a process of its own, on servers of its own, and reads what it says. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'node_modules/vitest/vitest.mjs');

/**
 * What became of a test.
 *
 * @typedef {object} Test
 * @property {string} file its name alone
 * @property {string} group the outermost one, or ''
 * @property {string} title
 * @property {boolean} passed
 * @property {{ timeline?: Record<string, unknown> }} meta
 */

/**
 * Runs files; what fails is told on stderr.
 *
 * @param {string[]} args files and options
 * @param {string} [postgres] the folder of another version's package
 * @returns {Promise<Test[]>}
 */
export async function runVitest(args, postgres = '') {
  const folder = mkdtempSync(join(tmpdir(), 'tokenkeep-vitest-'));
  const output = join(folder, 'report.json');
  try {
    const report = ['--reporter=json', `--outputFile=${output}`];
    const child = spawn(process.execPath, [program, 'run', ...args, ...report], {
      cwd: root,
      env: { ...process.env, DATABASE_URL: '', TOKENKEEP_TEST_POSTGRES: postgres },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (said += text));
    }
    const [code] = await once(child, 'close');
    const tests = read(output);
    // Also where every test passed, but something else went wrong.
    if (code !== 0) process.stderr.write(`${said}\n`);
    if (code !== 0 && tests.every(({ passed }) => passed)) throw new Error('vitest failed');
    return tests;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @returns {Test[]} */
function read(output) {
  const { testResults } = JSON.parse(readFileSync(output, 'utf8'));
  const tests = testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = name.split('/').at(-1);
    // A file that cannot be loaded has no tests.
    if (status === 'failed' && assertionResults.length === 0) {
      process.stderr.write(`${file}: ${message}\n`);
      return [{ file, group: '', title: '', passed: false, meta: {} }];
    }
    return assertionResults.filter(wasRun).map((test) => {
      for (const text of test.failureMessages ?? []) {
        process.stderr.write(`${file}: ${test.fullName}\n${text}\n`);
      }
      const passed = test.status === 'passed';
      const [group = ''] = test.ancestorTitles;
      return { file, group, title: test.title, passed, meta: test.meta ?? {} };
    });
  });
  return tests;
}

/** A pattern of names leaves the others out. */
function wasRun({ status }) {
  return status === 'passed' || status === 'failed';
}

/**
 * A line for each group of tests.
 *
 * @param {Test[]} tests
 * @param {(test: Test) => { server: string, mode: string }} where
 * @returns {import('./report.mjs').Line[]}
 */
export function linesOf(tests, where) {
  /** @type {Map<string, import('./report.mjs').Line>} */
  const lines = new Map();
  for (const test of tests) {
    // A file that could not be loaded has no group to tell the mode by.
    const { server, mode = '' } = where(test);
    const key = `${server} ${mode}`;
    const line = lines.get(key) ?? { server, mode, passed: 0, tests: 0 };
    lines.set(key, line);
    line.tests += 1;
    line.passed += Number(test.passed);
    if (test.meta.timeline) line.timeline = test.meta.timeline;
  }
  return [...lines.values()];
}
