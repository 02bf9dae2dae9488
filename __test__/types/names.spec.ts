/** What an application can import: a name that comes or goes is a change for somebody. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namesOf } from './names';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'));

type Entry = { types?: string; import?: { types: string }; require?: { types: string } };

const { './package.json': _, ...entries } = read('package.json').exports as Record<string, Entry>;
const declarations = (way: 'import' | 'require') =>
  namesOf(Object.values(entries).map((entry) => entry[way]?.types ?? entry.types!));

/** Effect 3 is not what is installed as effect here: __test__/effect loads this entry. */
const ELSEWHERE = './effect3';

describe('the exported names', () => {
  const all = declarations('import');
  const names = Object.fromEntries(Object.keys(entries).map((name, index) => [name, all[index]!]));

  it('are those of names.json: what has a value, and what is a type only', async () => {
    const found: Record<string, { values: string[]; types: string[] }> = {};
    for (const name of Object.keys(entries)) {
      if (name === ELSEWHERE) continue;
      const values = Object.keys(await import(name.replace('.', 'tokenkeep'))).sort();
      expect(names[name], name).toEqual(expect.arrayContaining(values));
      found[name] = { values, types: names[name]!.filter((each) => !values.includes(each)) };
    }
    await expect(`${JSON.stringify(found, null, 2)}\n`).toMatchFileSnapshot('names.json');
  });

  it('are the same for require', () => {
    expect(declarations('require')).toEqual(all);
  });

  it('are the same for both majors of Effect', () => {
    expect(names[ELSEWHERE]).toEqual(names['./effect']);
  });
});
