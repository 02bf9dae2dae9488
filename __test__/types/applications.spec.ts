/**
 * The code of the teams that tokenkeep comes from compiles as it was, and so do packages that hand on what
 * tokenkeep gives: against what is published, in the places where pnpm puts it.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installAsPnpm } from '../../support/installed.mjs';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '../..');
const PEERS = {
  'drizzle-orm': join(root, 'node_modules/drizzle-orm'),
  effect: join(root, 'node_modules/effect3'),
};
const OPTIONS = [
  ['--declaration', '--emitDeclarationOnly', '--outDir', 'out', '--types', 'node'],
  ['--target', 'es2022', '--lib', 'es2023,dom', '--strict', '--exactOptionalPropertyTypes'],
].flat();
/** Of drizzle-orm's declarations there are very many, and not all are right. */
const HALF_A_GIBIBYTE = 2 ** 29;
const RESOLUTIONS = {
  nodenext: ['--module', 'nodenext'],
  bundler: ['--module', 'esnext', '--moduleResolution', 'bundler'],
};
/** TypeScript 5, which takes ten times as long, has each resolution and each kind of module once. */
const WAYS = [
  ...(['module', 'commonjs'] as const).flatMap((type) =>
    (['nodenext', 'bundler'] as const).map(
      (resolution) => ({ compiler: 'typescript', type, resolution }) as const,
    ),
  ),
  { compiler: 'typescript-5', type: 'commonjs', resolution: 'nodenext' },
  { compiler: 'typescript-5', type: 'module', resolution: 'bundler' },
] as const;

type Installed = ReturnType<typeof installAsPnpm>;

/** What a compiler says of these files and of tokenkeep; what other packages say of theirs is theirs. */
function complaints(installed: Installed, files: string[], way: (typeof WAYS)[number]): string[] {
  for (const file of files) {
    cpSync(join(import.meta.dirname, 'applications', file), join(installed.folder, file));
  }
  writeFileSync(join(installed.folder, 'package.json'), JSON.stringify({ type: way.type }));
  const tsc = join(dirname(require.resolve(`${way.compiler}/package.json`)), 'bin/tsc');
  // Once for each of tokenkeep's two trees of declarations: the compiler looks at all packages then.
  const [compiler, resolution] = [way.compiler, way.resolution];
  const whole = installed !== unaware && compiler === 'typescript' && resolution === 'nodenext';
  const libraries = ['--skipLibCheck', String(!whole)];
  const args = [tsc, ...files, ...OPTIONS, ...libraries, ...RESOLUTIONS[way.resolution]];
  const output = { encoding: 'utf8', maxBuffer: HALF_A_GIBIBYTE } as const;
  const options = { cwd: installed.folder, ...output };
  const { stdout, stderr } = spawnSync(process.execPath, args, options);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => {
    const [, path] = /^(\S+?)(\(\d+,\d+\))?: error/.exec(line) ?? /^(error) /.exec(line) ?? [];
    return path && !(path.includes('node_modules/') && !path.includes('node_modules/tokenkeep/'));
  });
}

let application: Installed;
let unaware: Installed;
beforeAll(() => {
  const asked = ['@types/node', '@types/pg', 'pg'];
  application = installAsPnpm({ peers: PEERS, asked: [...Object.keys(PEERS), ...asked] });
  unaware = installAsPnpm({ peers: PEERS, asked });
});
afterAll(() => {
  application.remove();
  unaware.remove();
});

describe.each(WAYS)('$compiler, $type, $resolution', (way) => {
  it('takes the call sites of all teams, and gives declarations of what they export', () => {
    const services = ['gmail.ts', 'zoho.ts', 'vault.ts', 'calendar.ts', 'integration.ts'];
    expect(complaints(application, [...services, 'tables.ts'], way)).toEqual([]);
  });

  it('names the tables without drizzle-orm, which only tokenkeep finds', () => {
    expect(complaints(unaware, ['unaware.ts'], way)).toEqual([]);
  });
});
