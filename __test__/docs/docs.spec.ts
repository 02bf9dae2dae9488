/** What the documents name exists: variables, options and errors. */

import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createGoogleHandlers } from '../../dist/http/index.js';
import * as effect from 'tokenkeep/effect';
import * as tokenkeep from '../../dist/index.js';
import { fakeTokenKeep } from '../../dist/testing/index.js';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = [
  'README.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** libpq's variables have a page of their own (docs/tls.md); the others are Node's and the addon loader's. */
const ELSEWHERE =
  /^(PG|NODE_(?!EXTRA_CA_CERTS)|NAPI_RS_|UV_|WATCH_|FORCE_COLOR|NO_COLOR|PATH$|HTTP_PROXY|[a-z])/;

/** Errors of JavaScript, and one of Google's library for Python. */
const OTHERS = new Set(['TypeError', 'RefreshError']);

/** The options that the handlers look for while a user connects, and when something fails. */
async function optionsRead(): Promise<Set<string>> {
  const found = new Set<string>();
  let isDown = false;
  const options = {
    keep: fakeTokenKeep(),
    userId: () => {
      if (isDown) throw new Error('down');
      return randomUUID();
    },
    onError: () => {},
  };
  const handlers = createGoogleHandlers(
    new Proxy(options, {
      getOwnPropertyDescriptor: (target, name) => {
        found.add(String(name));
        return Reflect.getOwnPropertyDescriptor(target, name);
      },
    }),
  );
  const route = 'http://127.0.0.1/auth/google';
  const started = await handlers.connect(new Request(`${route}/connect`));
  const state = new URL(started.headers.get('location')!).searchParams.get('state');
  const [cookie = ''] = started.headers.getSetCookie();
  const headers = { cookie: cookie.split(';')[0]! };
  await handlers.callback(new Request(`${route}/callback?state=${state}&code=any`, { headers }));
  const authorization = { authorization: 'Bearer none' };
  await handlers.connect(new Request(`${route}/connect?user_id=u`, { headers: authorization }));
  isDown = true;
  await handlers.connect(new Request(`${route}/connect`));
  return found;
}

describe('the documents', () => {
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

  it('name every option that createGoogleHandlers reads, and no other', async () => {
    const [, section = ''] = read('docs/connect.md').split(
      '### The options of `createGoogleHandlers`',
    );
    const rows = [...section.split('\n## ')[0]!.matchAll(/^\| `(\w+)`/gm)];
    expect(new Set(rows.map(([, name]) => name))).toEqual(await optionsRead());
  });

  it('name only errors that exist', () => {
    const named = pages.flatMap((page) =>
      (read(page).match(/\b[A-Z]\w+Error\b/g) ?? []).map((name) => ({ page, name })),
    );
    expect(named.length).toBeGreaterThan(50);
    const exported = { ...tokenkeep, ...effect };
    const unknown = named.filter(({ name }) => !(name in exported) && !OTHERS.has(name));
    expect(unknown).toEqual([]);
  });
});
