/** drizzle-kit in a directory of its own, called as an application calls it. */

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { afterEach, beforeEach } from 'vitest';
import { emptyDatabase, type TestDatabase } from '../helpers/database';

const require = createRequire(import.meta.url);
const bin = join(dirname(require.resolve('drizzle-kit/api')), 'bin.cjs');

export class Kit {
  readonly #directory = mkdtempSync(join(tmpdir(), 'tokenkeep-kit-'));

  constructor(readonly database: TestDatabase) {}

  remove(): void {
    rmSync(this.#directory, { recursive: true });
  }

  /** Pushes a schema file; gives the statements that were necessary. */
  async push(schema: string, schemaFilter = 'public'): Promise<string[]> {
    const output = await this.#run(['push', '--verbose'], { schema, schemaFilter });
    if (output.includes('No changes detected')) return [];
    const [, statements] = /current statements:([^]*?)\[.\] Changes applied/.exec(output) ?? [];
    if (statements === undefined) throw new Error(`push printed: ${output}`);
    return statements.trim().split('\n');
  }

  /** Generates a migration for a schema file; gives its path, unless none was necessary. */
  async generate(schema: string): Promise<string | undefined> {
    const output = await this.#run(['generate'], { schema });
    if (output.includes('No schema changes')) return undefined;
    const [, path] = /SQL migration file . (\S+\.sql)/.exec(output) ?? [];
    if (path === undefined) throw new Error(`generate printed: ${output}`);
    return join(this.#directory, path);
  }

  /** Applies the generated migrations that are not applied yet. */
  async migrate(): Promise<void> {
    const migrationsFolder = join(this.#directory, 'drizzle');
    await migrate(drizzle(this.database.client), { migrationsFolder });
  }

  async #run(args: string[], { schema = '', ...options }): Promise<string> {
    const config = {
      dialect: 'postgresql',
      schema: resolve(schema),
      out: 'drizzle',
      dbCredentials: { url: this.database.url },
      ...options,
    };
    writeFileSync(join(this.#directory, 'drizzle.config.json'), JSON.stringify(config));
    const command = [bin, ...args, '--config', 'drizzle.config.json'];
    const run = promisify(execFile)(process.execPath, command, { cwd: this.#directory });
    // A question is an error then.
    run.child.stdin?.end();
    return (await run).stdout;
  }
}

/** An empty database and a kit on it, for each test of a file. */
export function useKit(): { database: TestDatabase; kit: Kit } {
  const setting = {} as { database: TestDatabase; kit: Kit };
  beforeEach(async () => {
    setting.database = await emptyDatabase();
    setting.kit = new Kit(setting.database);
  });
  afterEach(async () => {
    setting.kit.remove();
    await setting.database.drop();
  });
  return setting;
}

/** The statements of a generated migration. */
export const statementsOf = (path: string): string[] =>
  readFileSync(path, 'utf8').split('--> statement-breakpoint\n');

/** Replaces a generated migration, as its user does by hand. */
export const rewrite = (path: string, sql: string): void => writeFileSync(path, sql);
