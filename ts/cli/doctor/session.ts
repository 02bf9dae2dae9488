/** What role and database set for each session. */

import { type Check, list, ok, problem, warning } from './check';
import type { Facts } from './findings';

/** Whether tables that no schema is named for are found. */
export function searchPathCheck(facts: Facts, schema: string | null): Check {
  const id = 'database.search-path';
  const { searchPath, currentSchema } = facts;
  const values = { searchPath, currentSchema };
  if (schema !== null) {
    return ok(id, `The schema ${schema} is named: search_path does not matter.`, values);
  }
  const isEmpty = ['', '""'].includes(searchPath);
  const path = isEmpty ? 'empty' : searchPath;
  if (currentSchema === null) {
    const found = `search_path is ${path}, and leads to no schema that is there and that the role may use: no table is found.`;
    const fix =
      'Name the schema: ?schema=… in DATABASE_URL, or the option schema. Or, each name for itself: ' +
      'ALTER ROLE … SET search_path = "$user", public';
    return problem(id, found, fix, values);
  }
  return ok(id, `search_path is ${path}; what is made lands in ${currentSchema}.`, values);
}

/** Shorter ones end what is well. */
const SHORTEST_MS = 1_000;

/** Whether statements have the time that they need. */
export function timeoutsCheck({ timeoutsMs }: Facts): Check {
  const id = 'database.timeouts';
  const short = Object.entries(timeoutsMs).filter(([, ms]) => ms > 0 && ms < SHORTEST_MS);
  if (short.length === 0) {
    return ok(id, 'No timeout of the role or the database is below a second.', timeoutsMs);
  }
  const named = list(short.map(([name, ms]) => `${name} = ${ms}ms`));
  const found = `The role or the database has ${named}: calls that are slow for once fail.`;
  const fix = `Set none, or more than a second: ${short.map(([name]) => `ALTER ROLE … RESET ${name};`).join(' ')}`;
  return warning(id, found, fix, timeoutsMs);
}
