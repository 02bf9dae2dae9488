/** How the documents and examples install tokenkeep from a checkout. */

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** The pages in a folder, and the manifests of examples. */
const filesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.includes('node_modules') && /\.md$|package\.json$/.test(name))
    .map((name) => join(folder, name));

const files = ['README.md', ...filesIn('docs'), ...filesIn('examples')];

/** The path of a checkout, or of something in it, after `install`, `add`, `file:` or as a dependency. */
const OF_A_CHECKOUT = /(?:\b(?:file:|install |add )|: ")[^\s"]*(?:tokenkeep\b|\.\.)\/[^\s"`]*/g;

it('they install the tarball that is packed for this machine, and nothing else of a checkout', () => {
  const { version } = JSON.parse(read('package.json'));
  const installed = files.flatMap((file) =>
    (read(file).match(OF_A_CHECKOUT) ?? []).map((path) => ({ file, path })),
  );
  expect(installed.length).toBeGreaterThan(10);
  // `…` is a path of which only the beginning matters.
  const ends = [`/target/tokenkeep-${version}.tgz`, '/…'];
  const others = installed.filter(({ path }) => !ends.some((end) => path.endsWith(end)));
  expect(others).toEqual([]);
});

it('they have npm install no copy of a whole checkout', () => {
  expect(files.filter((file) => read(file).includes('install-links'))).toEqual([]);
});
