/** `npm run check` refuses an import that ARCHITECTURE.md does not allow. */

import { describe, expect, it } from 'vitest';
import { rustFaults, typescriptFaults } from '../../scripts/lint/imports.mjs';

describe('a file of the core is refused that', () => {
  const faults = (path: string, text: string) => rustFaults([{ path, text }]);

  it.each([
    ['imports a module above its own', 'db/pool.rs', 'use crate::store::Store;'],
    ['names such a module in its code', 'error/mod.rs', 'fn f() -> crate::config::Limits {}'],
    ['hides imports in a group', 'store/mod.rs', 'use crate::{db, error};'],
    ['belongs to an unknown module', 'new/mod.rs', ''],
    ['knows Node outside of binding', 'store/mod.rs', 'use napi::Env;'],
    ['has SQL in the protocol', 'refresh/mod.rs', 'const A: &str = "SELECT 1";'],
    ['reads a clock of its own', 'store/mod.rs', 'let now = Instant::now();'],
    ['reads the environment', 'binding/mod.rs', 'std::env::var("A")'],
    ['has unsafe code', 'binding/flat.rs', 'let value = unsafe { raw() };'],
    ['declares unsafe code', 'binding/flat.rs', 'unsafe fn raw() {}'],
    ['claims what the compiler cannot check', 'binding/flat.rs', 'unsafe impl Send for Flat {}'],
  ])('%s', (_, path, text) => {
    expect(faults(path, text)).toHaveLength(1);
  });

  it('but not one that imports what lies below, or names others in comments and tests', () => {
    const text = `//! See crate::binding.\nuse crate::db::Pool;\nuse crate::store::table;
      #[cfg(test)]\nmod tests { use crate::binding::Bridge; }`;
    expect(faults('store/gmail/mod.rs', text)).toEqual([]);
  });
});

describe('a file of ts/ is refused that', () => {
  const faults = (path: string, text: string) => typescriptFaults([{ path, text }]);

  it.each([
    ['imports a folder above its own', 'errors/errors.ts', "import { a } from '../bridge/bridge';"],
    ['imports an entry', 'stores/gmail.ts', "import { a } from '../gmail';"],
    [
      'imports more than types where types are allowed',
      'stores/a.ts',
      "import { a } from '../instance/b';",
    ],
    ['exports what it must not import', 'input/a.ts', "export * from '../settings/settings';"],
    ['imports for effects', 'input/a.ts', "import '../bridge/native';"],
    [
      'imports over several lines',
      'input/a.ts',
      "import {\n  a,\n  b,\n} from '../bridge/native';",
    ],
    ['imports when called', 'input/a.ts', "const a = () => import('../bridge/native');"],
    ['lies in an unknown folder', 'new/a.ts', ''],
  ])('%s', (_, path, text) => {
    expect(faults(path, text)).toHaveLength(1);
  });

  it('but not one that imports what lies below, the addon, or a package', () => {
    const text = `import type { Instance } from '../../index';\nimport pg from 'pg';
      import type { Connector } from '../instance/connector';\nimport { a } from '../bridge/bridge';
      import { b } from './b';`;
    expect(faults('stores/gmail.ts', text)).toEqual([]);
    expect(faults('index.ts', "export * from './stores/gmail';")).toEqual([]);
  });
});
