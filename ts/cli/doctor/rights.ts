/** What the role may do. */

import { type Check, list, ok, problem, unknown, warning } from './check';
import type { Access, Bookkeeping, Checked, Store, Table } from './findings';

/** What the statements of a store need; zoho never deletes. */
const NEEDED: Partial<Record<Store, readonly string[]>> = { zoho: ['SELECT', 'INSERT', 'UPDATE'] };
const ALL: readonly string[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];

/** Whether the role may do with the table what tokenkeep does. */
export function rightsCheck({ store, access }: Table): Check | undefined {
  if (!access) return undefined;
  const needed = NEEDED[store] ?? ALL;
  const grants = grantsFor(access, needed);
  const id = `${store}.rights`;
  if (!grants) return ok(id, `The role has ${list(needed)} on ${access.name}.`);
  return problem(id, grants.found, grants.mend, { missing: grants.missing });
}

/** What is missing, and the statements that grant it. */
function grantsFor(access: Access, needed: readonly string[]) {
  const { name, roleName, schemaName } = access;
  const missing = access.missing.filter((right) => needed.includes(right));
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
  const mend = `As the owner: ${grants.join(' ')}`;
  return { found: `The role ${roleName} lacks ${list(lacks)}.`, mend, missing };
}

/** The tables beside, which only connecting users needs. */
export function connectChecks(bookkeeping: Checked<Bookkeeping>, stores: Store[]): Check[] {
  const store = stores.find((name) => name === 'calendar' || name === 'integration');
  if (!store) return [];
  const id = 'connect.tables';
  if ('failed' in bookkeeping) return [unknown(id, `Not looked at: ${bookkeeping.failed}.`)];
  const { state, account } = bookkeeping.found;
  if (!state || !account) {
    const found =
      'tokenkeep.oauth_state or tokenkeep.oauth_account is not there: users cannot connect.';
    return [warning(id, found, `Run: npx tokenkeep migrate --store ${store}`)];
  }
  const grants = [state, account].flatMap((access) => grantsFor(access, ALL) ?? []);
  if (grants.length === 0) {
    return [
      ok(id, 'tokenkeep.oauth_state and tokenkeep.oauth_account are there, and may be used.'),
    ];
  }
  const found = `Users cannot connect: ${grants.map((grant) => grant.found).join(' ')}`;
  const statements = new Set(
    grants.flatMap(({ mend }) => mend.replace('As the owner: ', '').split(/(?<=;) /)),
  );
  return [problem(id, found, `As the owner: ${[...statements].join(' ')}`)];
}
