/** The list of what is linked into the addon: whoever has to know whether a crate is in it reads this. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sbom } from '../../scripts/sbom.mjs';

interface Component {
  name: string;
  version: string;
  purl: string;
  hashes: { content: string }[];
  licenses: { expression: string }[];
}

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const text = sbom();
const { components } = JSON.parse(text) as { components: Component[] };
const names = components.map(({ name }) => name);

/** The direct dependencies, as cargo says; `kind` is null for those that are linked. */
function declared(kind: 'build' | 'dev' | null): string[] {
  const args = ['metadata', '--format-version', '1', '--no-deps', '--locked'];
  const { packages } = JSON.parse(execFileSync('cargo', args, { cwd: root, encoding: 'utf8' }));
  const all = packages[0].dependencies as { name: string; kind: string | null }[];
  return all.filter((dependency) => dependency.kind === kind).map(({ name }) => name);
}

describe('the SBOM', () => {
  it('has each crate as Cargo.lock has it, with a licence', () => {
    const lock = read('Cargo.lock');
    expect(components.length).toBeGreaterThan(100);
    for (const { name, version, purl, hashes, licenses } of components) {
      const entry = `name = "${name}"\nversion = "${version}"\n`;
      expect(lock).toContain(entry);
      const [, rest = ''] = lock.split(entry);
      expect(rest.split('\n\n')[0], name).toContain(`checksum = "${hashes[0]?.content}"`);
      expect(purl).toBe(`pkg:cargo/${name}@${version}`);
      expect(licenses[0]?.expression, name).toMatch(/^[A-Za-z0-9.\- ()]+$/);
    }
  });

  it('leaves out no crate that is linked, and names none that only builds or tests', () => {
    const macros = ['napi-derive'];
    const linked = declared(null).filter((name) => !macros.includes(name));
    expect(linked).toContain('aes-gcm');
    expect(names).toEqual(expect.arrayContaining(linked));
    const others = [...macros, ...declared('build'), 'proptest'];
    expect(names.filter((name) => others.includes(name))).toEqual([]);
  });

  it('is the same from run to run', () => {
    expect(sbom()).toBe(text);
    expect(text).not.toMatch(/timestamp|serialNumber/);
  });

  it('is in the package', () => {
    const { files, scripts } = JSON.parse(read('package.json'));
    expect(files).toContain('sbom.cdx.json');
    const script = scripts.prepack.replace('node ', '');
    execFileSync(process.execPath, [script], { cwd: root });
    expect(read('sbom.cdx.json')).toBe(text);
  });
});
