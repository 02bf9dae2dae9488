import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsDocument } from '../../scripts/errors.mjs';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** libpq's variables have a page of their own (docs/tls.md); the others are Node's and the addon loader's. */
const ELSEWHERE = /^(PG|NODE_(?!EXTRA_CA_CERTS)|NAPI_RS_|UV_|WATCH_|FORCE_COLOR|NO_COLOR)/;

describe('the documents', () => {
  it('say of every error what the code says', () => {
    expect(read('docs/errors.md')).toBe(errorsDocument());
  });

  it('name every variable that is read, and no other', () => {
    const documented = [...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    const asked: string[] = JSON.parse(
      execFileSync(process.execPath, [join(import.meta.dirname, 'variables.mjs')], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'] },
      }),
    );
    const own = asked.filter((name) => !ELSEWHERE.test(name));
    expect(new Set(own)).toEqual(new Set(documented));
  });
});
