/** Checks the privileges of the role. */

import { STORES } from '../../stores/registry';
import { type Check, list, ok, problem, unknown, warning } from './check';
import type { Access, Bookkeeping, Checked, Store, Table } from './findings';

/** The privileges that the statements of a store need; zoho never deletes. */
const NEEDED: Partial<Record<Store, readonly string[]>> = { zoho: ['SELECT', 'INSERT', 'UPDATE'] };
const ALL: readonly string[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Whether the role has the privileges that tokenkeep needs on the table. */
export function rightsCheck({ store, access }: Table): Check | undefined {
  if (!access) return undefined;
  const needed = NEEDED[store] ?? ALL;
  const grants = grantsFor(access, needed);
  const id = `${store}.rights`;
  if (!grants) return ok(id, `The role has ${list(needed)} on ${access.name}.`);
  return problem(id, grants.found, grants.fix, { missing: grants.missing });
}

/** The missing privileges, and the statements that grant them. */
function grantsFor(access: Access, needed: readonly string[]) {
  const { name, roleName, schemaName } = access;
  // Names columns where the privilege exists on others: `UPDATE (scope)`.
  const missing = access.missing.filter((right) => needed.includes(right.split(' ')[0]!));
  const lacks: string[] = [];
  const grants: string[] = [];
  if (!access.mayUseSchema) {
    lacks.push(`USAGE on the schema ${schemaName}`);
    grants.push(`GRANT USAGE ON SCHEMA ${schemaName} TO ${roleName};`);
  }
  if (missing.length > 0) {
    lacks.push(`${list(missing)} on ${name}`);
    grants.push(`GRANT ${missing.join(', ')} ON ${name} TO ${roleName};`);
  }
  if (lacks.length === 0) return undefined;
  const fix = `As the owner: ${grants.join(' ')}`;
  return { found: `The role ${roleName} lacks ${list(lacks)}.`, fix, missing };
}

/** Checks the tables that only connecting users needs. */
export function connectChecks(bookkeeping: Checked<Bookkeeping>, stores: Store[]): Check[] {
  const store = stores.find((name) => STORES[name].connects);
  if (!store) return [];
  const id = 'connect.tables';
  if ('failed' in bookkeeping) return [unknown(id, `Not checked: ${bookkeeping.failed}.`)];
  const { state, account } = bookkeeping.found;
  if (!state || !account) {
    const found =
      'tokenkeep.oauth_state or tokenkeep.oauth_account does not exist: users cannot connect.';
    return [warning(id, found, `Run: npx tokenkeep migrate --store ${store}`)];
  }
  const lacks = grantsForAll([state, account]);
  if (!lacks) {
    return [
      ok(id, 'tokenkeep.oauth_state and tokenkeep.oauth_account exist, and the role may use them.'),
    ];
  }
  return [problem(id, `Users cannot connect: ${lacks.found}`, lacks.fix)];
}

/** Checks the tables in which refreshes remember refusals; without them refreshes work, and forget. */
export function refreshChecks(bookkeeping: Checked<Bookkeeping>, stores: Store[]): Check[] {
  const [store] = stores;
  if (!store) return [];
  const id = 'refresh.tables';
  if ('failed' in bookkeeping) return [unknown(id, `Not checked: ${bookkeeping.failed}.`)];
  const { refreshState, client } = bookkeeping.found;
  const forgets =
    'a process marks a connection as revoked only after its client has refreshed another one, and ' +
    'each process sends a refused refresh token again.';
  if (!refreshState || !client) {
    const found = `tokenkeep.refresh_state or tokenkeep.oauth_client does not exist: ${forgets}`;
    return [warning(id, found, `Run: npx tokenkeep migrate --store ${store}`)];
  }
  const lacks = grantsForAll([refreshState, client]);
  if (!lacks) {
    return [
      ok(
        id,
        'tokenkeep.refresh_state and tokenkeep.oauth_client exist, and the role may use them.',
      ),
    ];
  }
  return [warning(id, `${lacks.found} Therefore ${forgets}`, lacks.fix)];
}

/** The missing privileges on several tables, and the statements that grant them, each once. */
function grantsForAll(tables: Access[]): { found: string; fix: string } | undefined {
  const grants = tables.flatMap((access) => grantsFor(access, ALL) ?? []);
  if (grants.length === 0) return undefined;
  const statements = new Set(
    grants.flatMap(({ fix }) => fix.replace('As the owner: ', '').split(/(?<=;) /)),
  );
  return {
    found: grants.map(({ found }) => found).join(' '),
    fix: `As the owner: ${[...statements].join(' ')}`,
  };
}
