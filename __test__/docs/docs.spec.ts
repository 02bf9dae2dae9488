import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorsDocument } from '../../scripts/errors.mjs';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The documents in a folder or file, and the manifests of examples. */
function textsOf(path: string): string[] {
  if (path.endsWith('.md')) return [path];
  return readdirSync(join(root, path), { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.includes('node_modules') && /\.md$|package\.json$/.test(name))
    .map((name) => join(path, name));
}

describe('the documents', () => {
  it('say of every error what the code says', () => {
    expect(read('docs/errors.md')).toBe(errorsDocument());
  });

  it('name every variable that is read, and no other', () => {
    const documented = [...read('.env.example').matchAll(/^#?([A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    const sources = ['settings/settings', 'crypto', 'http/setting']
      .map((name) => read(`ts/${name}.ts`))
      .join();
    const used = [...sources.matchAll(/(?:env\[|\w: )'([A-Z][A-Z_]+)'/g)].map(([, name]) =>
      String(name),
    );
    const own = used.filter((name) => !name.startsWith('PG'));
    expect(new Set(documented)).toEqual(new Set(own));
  });

  it('install the tarball that is packed for this machine, and nothing else of a checkout', () => {
    const texts = ['README.md', 'docs', 'examples'].flatMap(textsOf);
    const ways = texts.flatMap((file) => {
      const found = read(file).matchAll(
        /(?:\b(?:file:|install |add )|: ")[^\s"]*(?:tokenkeep\b|\.\.)\/[^\s"`]*/g,
      );
      return [...found].map(([way]) => ({ file, way }));
    });
    const { version } = JSON.parse(read('package.json'));
    expect(ways.length).toBeGreaterThan(10);
    for (const { file, way } of ways) {
      expect(way, file).toMatch(new RegExp(`/(target/tokenkeep-${version}\\.tgz|…)$`));
    }
    for (const file of texts) expect(read(file), file).not.toContain('install-links');
  });

  it('show the limits that are in force', () => {
    const readme = read('README.md');
    for (const limit of [
      '30 s',
      'watched for 5 s',
      '15 s',
      '20 s',
      '5 min',
      '7 s; 5 s; 5 s',
      '64 KiB',
    ]) {
      expect(readme).toContain(limit);
    }
    const limits = read('src/config.rs');
    for (const value of [
      'lease_ms: 30_000',
      'takeover_grace_ms: 5_000',
      'http_budget_ms: 15_000',
    ]) {
      expect(limits).toContain(value);
    }
  });
});
