// Writes sbom.cdx.json (CycloneDX 1.6): every crate that is linked into the addon on any supported platform.
// Reproducible: the same commit gives the same file.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.mjs';

const manifest = () => JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** The linked crates, one per line: no dev or build dependencies, no macros. */
function linked(target) {
  const what = ['--edges', 'normal,no-proc-macro', '--target', target];
  const how = ['--prefix', 'none', '--no-dedupe', '--format', '{p}|{l}'];
  const options = { cwd: root, encoding: 'utf8' };
  return execFileSync('cargo', ['tree', '--locked', ...what, ...how], options)
    .split('\n')
    .filter((line) => line && !line.startsWith('tokenkeep '));
}

/** The SHA-256 of each crate's archive. */
function checksums() {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8');
  const entries = lock.matchAll(/name = "(.+)"\nversion = "(.+)"\nsource = .+\nchecksum = "(.+)"/g);
  return new Map([...entries].map(([, name, version, sum]) => [`${name}@${version}`, sum]));
}

function component(line, sums) {
  const [, name, version, license] = /^(\S+) v(\S+)[^|]*\|(.+)$/.exec(line);
  const purl = `pkg:cargo/${name}@${version}`;
  // Old manifests use a slash instead of OR.
  const expression = license.replaceAll(/ ?\/ ?/g, ' OR ');
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    hashes: [{ alg: 'SHA-256', content: sums.get(`${name}@${version}`) }],
    licenses: [{ expression }],
    purl,
  };
}

/** The document. */
export function sbom() {
  const { name, version, license, napi } = manifest();
  const sums = checksums();
  const lines = [...new Set(napi.targets.flatMap(linked))].sort();
  const purl = `pkg:npm/${name}@${version}`;
  const self = {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    licenses: [{ expression: license }],
    purl,
  };
  const components = lines.map((line) => component(line, sums));
  // A flat list; Cargo.lock has the dependencies between crates.
  const dependencies = [{ ref: purl, dependsOn: components.map((each) => each.purl) }];
  const format = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 };
  return `${JSON.stringify({ ...format, metadata: { component: self }, components, dependencies })}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'sbom.cdx.json'), sbom());
}
