/**
 * docs/scaling.md says which features of SQL tokenkeep needs, and what other databases document of
 * each. A feature that came later and is not in that list would make it untrue.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sqlOfTokenkeep } from './texts';

const sql = sqlOfTokenkeep();
const document = readFileSync(join(import.meta.dirname, '../../docs/scaling.md'), 'utf8');

/** What every SQL database has. */
const PLAIN = new Set(
  `ADD ALL ALTER AND AS BEGIN BY CASCADE COLUMN COMMIT CONSTRAINT CREATE DEFAULT DELETE DESC ELSE END
  EXISTS FOREIGN FROM GROUP HAVING IN INDEX INSERT INTO IS JOIN KEY LEFT NOT NULL ON OR ORDER PRIMARY
  REFERENCES SELECT SET TABLE THEN UNIQUE UPDATE VALUES WHEN WHERE UNION`.split(/\s+/),
);

/** What stands in the first column of the list, in code marks. */
const features = document
  .slice(document.indexOf('| feature |'))
  .replaceAll('\\|', '|')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => [...line.split(' | ')[0]!.matchAll(/`([^`]+)`/g)].map(([, code]) => code!));
const listed = features.flat().join(' ');
const words = new Set(listed.match(/[A-Za-z_]\w*/g));

/** What matches anywhere, each once, and the file of the first. */
function found(pattern: RegExp): Map<string, string> {
  const all = sql.flatMap(({ file, text }) =>
    [...text.matchAll(pattern)].map(([, name]): [string, string] => [name!, file]),
  );
  return new Map(all);
}

/** Names that stand before a bracket: tables, what a FROM names, and Supabase's own `uid()`. */
const NO_FUNCTIONS =
  /^(columns|links|migrations|name|s|stored|wanted|tenants|uid|users|varchar|\w+_tokens|token_vault|oauth_\w+|refresh_state|state|known|noted)$/;

const unlisted = (names: Map<string, string>) =>
  [...names].filter(([name]) => !words.has(name)).map((entry) => entry.join(' in '));

describe('the list of SQL features', () => {
  it('is there', () => {
    expect(features.length).toBeGreaterThan(15);
    expect(sql.length).toBeGreaterThan(80);
  });

  it('has every keyword that is more than plain SQL', () => {
    const keywords = found(/\b([A-Z][A-Z]+)\b/g);
    for (const plain of PLAIN) keywords.delete(plain);
    expect(unlisted(keywords)).toEqual([]);
  });

  it('has every function', () => {
    const functions = found(/\b([a-z_][a-z_0-9]*)\s*\(/g);
    for (const name of functions.keys()) if (NO_FUNCTIONS.test(name)) functions.delete(name);
    expect(functions.size).toBeGreaterThan(20);
    expect(unlisted(functions)).toEqual([]);
  });

  it('has every type and operator', () => {
    expect(unlisted(found(/::(?!name)([a-z]\w*)/g))).toEqual([]);
    expect(
      unlisted(found(/\b(timestamp|timestamptz|jsonb|uuid|interval|ctid|pg_[a-z]+)\b/g)),
    ).toEqual([]);
    const operators = found(/\s(->>?|\|\||@>|\?|~\*?)\s/g);
    expect([...operators.keys()].filter((name) => !listed.includes(name))).toEqual([]);
  });

  it('has nothing that is not used', () => {
    const used = sql.map(({ text }) => text).join('\n');
    const stale = [...words].filter((word) => !new RegExp(`\\b${word}\\b`).test(used));
    expect(stale).toEqual([]);
  });
});
