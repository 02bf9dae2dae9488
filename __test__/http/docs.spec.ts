import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const page = read('docs/connect.md');

describe('docs/connect.md', () => {
  it('names every option of createGoogleHandlers, and no other', () => {
    const [, table = ''] = page.split('### The options of `createGoogleHandlers`');
    const documented = [...(table.split('## ')[0] ?? '').matchAll(/^\| `(\w+)`/gm)];
    const [, options = ''] = read('ts/http/setting.ts').split('interface GoogleHandlersOptions');
    const taken = [...(options.split('\n}')[0] ?? '').matchAll(/^ {2}(\w+)\?:/gm)];
    const names = (matches: RegExpMatchArray[]) => matches.map(([, name]) => name);
    expect(names(documented).toSorted()).toEqual(names(taken).toSorted());
    expect(taken.length).toBeGreaterThan(5);
  });

  it('names the tables, lifetimes and cookie that are in force', () => {
    const migration = read('migrations/0005_oauth.sql');
    for (const [, table] of migration.matchAll(/CREATE TABLE (tokenkeep\.\w+)/g)) {
      expect(page).toContain(`\`${table}\``);
    }
    const waiting = read('src/connect/waiting.rs');
    expect(waiting).toContain('LIFETIME_S: i64 = 24 * 60 * 60');
    expect(waiting).toContain('LIFETIME_S: i64 = 10 * 60');
    expect(page).toContain('A state is valid for 10 minutes, a link for 24 hours');
    expect(read('ts/http/browser-cookie.ts')).toContain("'__Host-tokenkeep'");
    expect(page).toContain('`__Host-tokenkeep`');
  });

  it('shows code that the examples have, too', () => {
    const inExamples: Record<string, string> = {
      'app.use(toNodeListener(handlers));': 'examples/express/server.js',
      "app.all('/auth/google/*', async (c) => (await handlers.handle(c.req.raw, c)) ?? c.notFound());":
        'examples/hono/server.js',
      'export const GET = handlers.connect;': 'examples/next/app/auth/google/connect/route.ts',
      "serverExternalPackages: ['tokenkeep']": 'examples/next/next.config.ts',
    };
    for (const [line, file] of Object.entries(inExamples)) {
      expect(page).toContain(line);
      expect(read(file)).toContain(line);
    }
  });
});
