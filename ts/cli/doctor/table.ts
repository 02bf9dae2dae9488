/** Checks whether the table of a store exists, and is up to date. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { STORES } from '../../stores/registry';
import { type Check, list, ok, problem, sentence, unknown, warning } from './check';
import type { Bookkeeping, Checked, Store, Table } from './findings';

const migrate = (store: Store): string => `Run: npx tokenkeep migrate --store ${store}`;

/** Whether the table exists, and has the columns that migrations do not add. */
export function tableCheck(table: Table): Check {
  const { store, table: name, access, schemas, differences } = table;
  const id = `${store}.table`;
  if (!access) {
    if (table.hasNamedSchema === false) {
      const found = `The schema that is set for ${name} does not exist.`;
      return problem(
        id,
        found,
        'Correct the parameter schema of DATABASE_URL, or create the schema.',
      );
    }
    if (schemas.length > 0) {
      const found = `There is a table ${name} in ${list(schemas)}, but not where tokenkeep looks for it.`;
      const fix = `Set the schema: ?schema=${schemas[0]} in DATABASE_URL, or the option schema.`;
      return problem(id, found, fix, { schemas });
    }
    return problem(id, `There is no table ${name}.`, migrate(store));
  }
  const values = { name: access.name };
  if (!differences) return unknown(id, `${access.name} exists; the role may not use its schema.`);
  if ('failed' in differences)
    return unknown(
      id,
      `${access.name} exists, but was not checked: ${sentence(differences.failed)}`,
    );
  const { blocking } = differences.found;
  if (blocking.length > 0) {
    const fix = 'Change the table by hand: migrations do not change such columns.';
    return problem(id, sentence(blocking.join('; ')), fix, values);
  }
  return ok(id, `${access.name} exists, and has the columns that migrations do not add.`, values);
}

/** Whether all migrations have been applied. */
export function migrationsCheck(
  table: Table,
  bookkeeping: Checked<Bookkeeping>,
): Check | undefined {
  const { store, version, access, differences } = table;
  if (!access || !differences || 'failed' in differences) return undefined;
  const id = `${store}.migrations`;
  const applied = 'found' in bookkeeping ? bookkeeping.found.applied : null;
  const recorded = applied?.find(
    (row) => row.store === store && row.schema === access.schema,
  )?.version;
  const { pending, missingIndexes } = differences.found;
  const files = pendingFiles(store, recorded ?? 0);
  const values = { recorded: recorded ?? null, version, pending: files };
  if (pending.length > 0) {
    const found = `${sentence(pending.join('; '))} Until then some or all calls fail.`;
    return problem(id, found, migrate(store), values);
  }
  if (recorded !== undefined && recorded > version) {
    const found = `A newer tokenkeep has migrated the table (version ${recorded}; this one knows ${version}).`;
    return warning(id, found, 'Update tokenkeep here too.', values);
  }
  if (recorded !== undefined && recorded < version) {
    return warning(id, `Not applied yet: ${list(files)}.`, migrate(store), values);
  }
  if (missingIndexes.length > 0) {
    const found = `There is no index on ${list(missingIndexes.map((columns) => `(${columns})`))}.`;
    return warning(id, found, migrate(store), values);
  }
  return ok(id, upToDate(recorded, applied === null), values);
}

function upToDate(recorded: number | undefined, isHidden: boolean): string {
  if (recorded !== undefined) return `Up to date (version ${recorded}).`;
  return isHidden
    ? 'Nothing is missing. The role may not read which migrations were applied.'
    : 'Nothing is missing. No migration is recorded: the table was created in another way.';
}

/** The files of migrations/ after this version. */
function pendingFiles(store: Store, recorded: number): string[] {
  const connects = STORES[store].connects;
  const files = readdirSync(join(__dirname, '../../../migrations')).filter(
    (file) =>
      file.endsWith(`_${store}.sql`) ||
      file.endsWith('_refresh_state.sql') ||
      (connects && file.endsWith('_oauth.sql')),
  );
  return files.filter((file) => Number.parseInt(file, 10) > recorded).sort();
}
