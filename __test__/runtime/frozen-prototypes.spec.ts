/** Errors where prototypes are frozen, as hardened JavaScript (SES, `--frozen-intrinsics`) freezes them. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../helpers/programs/frozen-errors.mjs');

interface Printed {
  shown: string;
  json: string;
  text: string;
  own: Record<string, PropertyDescriptor>;
}

async function errorsOf(when: string, ...flags: string[]): Promise<Printed[]> {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [...flags, PROGRAM, when]);
  return JSON.parse(stdout) as Printed[];
}

let usual: Printed[];
beforeAll(async () => {
  usual = await errorsOf('never');
});

it('names and codes are the errors’ own, and are printed', () => {
  expect(usual.length).toBeGreaterThan(30);
  for (const { own, shown, json, text } of usual) {
    const { name, code, message } = own as Record<'name' | 'code' | 'message', { value: string }>;
    expect(name).toMatchObject({ writable: true, enumerable: true, configurable: true });
    expect(text).toBe(`${name.value}: ${message.value}`);
    expect(shown).toContain(name.value);
    expect(shown).toContain(code.value);
    expect(JSON.parse(json)).toMatchObject({ name: name.value, code: code.value });
  }
});

it.each([
  ['Error.prototype was frozen before tokenkeep was loaded', 'before', []],
  ['Error.prototype was frozen afterwards', 'after', []],
  ['Node runs with --frozen-intrinsics', 'never', ['--frozen-intrinsics']],
])('are as ever where %s', async (_, when, flags) => {
  expect(await errorsOf(when, ...flags)).toEqual(usual);
});
