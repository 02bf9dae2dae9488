/** How the doctor is called, and what it looks like. */

import { describe, expect, it } from 'vitest';
import { report, hasColour } from '../../dist/cli/doctor/report.js';
import { addonCheck, nodeCheck } from '../../dist/cli/doctor/environment.js';
import { examine, run } from './doctor';

const AWAY = { DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/d' };

describe('a call', () => {
  it.each([
    ['an option that does not exist', ['--stores', 'gmail']],
    ['a word too many', ['now']],
    ['a store that does not exist', ['--store', 'gmail,nothing']],
    ['an empty store', ['--store', '']],
  ])('that is wrong is 2, and nothing is looked at: %s', async (_, args) => {
    const { code, stdout, stderr } = await run(args, AWAY);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('--help');
  });

  it('that finds a problem is 1, and prints for people what it prints for programs', async () => {
    const { code, stdout, stderr } = await run(['--offline', '--store', 'gmail,zoho'], AWAY);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(
      /problem database\.connection: 127\.0\.0\.1:1: nothing listens on this port/,
    );
    expect(stdout).toMatch(/\n\d problems, 0 warnings, \d+ not checked\n$/);
    expect(stdout).not.toContain('\u001b');
    const { check } = await examine(AWAY, ['--offline', '--store', 'gmail', '--store', 'zoho']);
    expect(check('zoho.table')).toMatchObject({ status: 'unknown' });
    expect(check('gmail.table')).toMatchObject({ status: 'unknown' });
    expect(stdout).toContain(check('database.connection')!.fix);
  });

  it('is described by --help', async () => {
    const { code, stdout } = await run(['--help'], {});
    expect(code).toBe(0);
    for (const word of ['doctor', '--offline', '--json', '--store']) expect(stdout).toContain(word);
  });
});

describe('this machine', () => {
  it('is distinguished from one whose addon does not load, which is reported and not thrown', async () => {
    expect((await examine(AWAY)).check('environment.addon')).toMatchObject({ status: 'ok' });
    const { ids, check } = await examine({ ...AWAY, NAPI_RS_NATIVE_LIBRARY_PATH: '/nowhere.node' });
    expect(check('environment.addon')).toMatchObject({
      status: 'problem',
      found: expect.stringContaining('native part'),
    });
    expect(ids).toEqual(['environment.node', 'environment.addon']);
    expect(addonCheck('0.1.0').status).toBe('ok');
  });

  it.each([
    ['20.17.0', 'ok'],
    ['26.0.0', 'ok'],
    ['20.16.1', 'warning'],
    ['18.20.0', 'warning'],
  ])('with Node %s is %s', (version, status) => {
    expect(nodeCheck(version).status).toBe(status);
  });
});

describe('the report', () => {
  const checks = [
    { id: 'a.one', status: 'ok', found: 'Well.' },
    { id: 'a.two', status: 'problem', found: 'Not well.', fix: 'Fix it.' },
    { id: 'b.one', status: 'unknown', found: 'Not checked.' },
  ] as const;

  it('has colours on a terminal only, and none where NO_COLOR is set', () => {
    expect(hasColour({ isTTY: true }, {})).toBe(true);
    expect(hasColour({}, {})).toBe(false);
    expect(hasColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
    expect(hasColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
    expect(report(checks, false)).not.toContain('\u001b');
    expect(report(checks, true)).toContain('\u001b[31mproblem\u001b[0m a.two');
  });

  it('goes by subject, says how to fix what is wrong, and counts', () => {
    expect(report(checks, false).split('\n')).toEqual([
      'a',
      '  ok      a.one: Well.',
      '  problem a.two: Not well.',
      '          Fix it.',
      '',
      'b',
      '  unknown b.one: Not checked.',
      '',
      '1 problem, 0 warnings, 1 not checked',
      '',
    ]);
  });
});
