/** Checks what the role and the database set for each session. */

import { type Check, list, ok, problem, warning } from './check';
import type { Facts } from './findings';

/** Whether tables are found when no schema is set. */
export function searchPathCheck(facts: Facts, schema: string | null): Check {
  const id = 'database.search-path';
  const { searchPath, currentSchema } = facts;
  const values = { searchPath, currentSchema };
  if (schema !== null) {
    return ok(id, `The schema ${schema} is set: search_path is not used.`, values);
  }
  const isEmpty = ['', '""'].includes(searchPath);
  const path = isEmpty ? 'empty' : searchPath;
  if (currentSchema === null) {
    const found = `search_path is ${path}, and contains no existing schema that the role may use: no table is found.`;
    const fix =
      'Set the schema: ?schema=… in DATABASE_URL, or the option schema. Or set the path, each name by itself: ' +
      'ALTER ROLE … SET search_path = "$user", public';
    return problem(id, found, fix, values);
  }
  return ok(id, `search_path is ${path}; new tables are created in ${currentSchema}.`, values);
}

/** A shorter timeout cancels statements that are healthy. */
const SHORTEST_MS = 1_000;

/** Whether statements have enough time. */
export function timeoutsCheck({ timeoutsMs }: Facts): Check {
  const id = 'database.timeouts';
  const short = Object.entries(timeoutsMs).filter(([, ms]) => ms > 0 && ms < SHORTEST_MS);
  if (short.length === 0) {
    return ok(id, 'No timeout of the role or the database is shorter than a second.', timeoutsMs);
  }
  const named = list(short.map(([name, ms]) => `${name} = ${ms}ms`));
  const found = `The role or the database sets ${named}: a call that is slow once fails.`;
  const fix = `Remove it, or set more than a second: ${short.map(([name]) => `ALTER ROLE … RESET ${name};`).join(' ')}`;
  return warning(id, found, fix, timeoutsMs);
}
