import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const require = createRequire(import.meta.url);

it('a fake is a TokenKeep for the compiler, and what is misspelt is refused', () => {
  const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
  const options = { cwd: import.meta.dirname, encoding: 'utf8' } as const;
  const checked = spawnSync(process.execPath, [tsc, '-p', 'consumer'], options);
  expect(checked).toMatchObject({ status: 0, stdout: '', stderr: '' });
});
