/** An addon with other records, messages or errors than are read: it is refused before the first call. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { recordReader } from '../../dist/bridge/layouts.js';

const ROOT = join(import.meta.dirname, '../..');
const path = (file: string) => JSON.stringify(join(ROOT, file));

/** What an application sees that creates an instance after `change` has changed its addon. */
function told(change: string): string {
  const script = `
    const native = require(${path('native.js')});
    ${change}
    try {
      require(${path('dist/index.js')}).createTokenKeep();
      console.log('created');
    } catch ({ name, code, message }) {
      console.log(name, code, message);
    }`;
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--eval', script], options);
  expect(status, stderr).toBe(0);
  return stdout.trim();
}

/** Has an export of the addon's give something else. */
const changed = (name: string, body: string) =>
  `const { ${name} } = native; native.${name} = () => { const all = ${name}(); ${body}; return all; };`;

const gmailToken = `const { fields } = all.find(({ name }) => name === 'GmailToken')`;

it.each([
  ['a further field', changed('recordLayouts', `${gmailToken}; fields.splice(1, 0, 'x')`), 'x'],
  ['a field less', changed('recordLayouts', `${gmailToken}; fields.pop()`), 'connectedAt'],
  ['a field of another name', changed('recordLayouts', `${gmailToken}; fields[0] = 'x'`), 'id'],
  ['a record less', changed('recordLayouts', 'all.shift()'), 'GmailToken'],
  ['a further message', changed('messageLayouts', `all.push({ name: 'X', fields: [] })`), 'X'],
  ['a message less', changed('messageLayouts', 'all.shift()'), 'Record'],
  ['a further field of a message', changed('messageLayouts', `all[0].fields.push('x')`), 'x'],
  ['a further error', changed('errorCodes', `all.push({ code: 'ERR_X', class: 'X' })`), 'ERR_X'],
  ['another code', changed('errorCodes', `all[0].code = 'ERR_X'`), 'ERR_X'],
  ['no layouts', 'delete native.recordLayouts', 'recordLayouts'],
])('%s', (_, change, name) => {
  const text = told(change);
  expect(text).toMatch(/^NativeMissingError ERR_TOKENKEEP_NATIVE_MISSING The native part of/);
  expect(text).toContain('of another version');
  expect(text).toMatch(new RegExp(`\\b${name}\\b`));
});

it('fields in another order are read all the same', () => {
  expect(
    told(changed('recordLayouts', 'all.reverse(); for (const { fields } of all) fields.reverse()')),
  ).toBe('created');
});

it('a reader that leaves out a field, or names one that is not there, is refused', () => {
  const id =
    ({ id }: Record<'id', number>) =>
    () =>
      id;
  expect(() => recordReader<number, 'id'>('GmailToken', id)).toThrow(
    /nothing reads userId.*GmailToken/,
  );
  const other =
    ({ other }: Record<'other', number>) =>
    () =>
      other;
  expect(() => recordReader<number, 'other'>('GmailToken', other)).toThrow(/no field other/);
});
