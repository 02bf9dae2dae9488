/** All checks of a database, from what the core has read. */

import { type Check, sentence, unknown } from './check';
import { clockCheck } from './clock';
import { connectionCheck, serverChecks, unansweredChecks } from './connection';
import type { Contents, Facts, Findings, Store } from './findings';
import { type Plaintext, rowsCheck } from './keys';
import { linksCheck } from './links';
import { kindOf, poolerCheck } from './pooler';
import { connectChecks, refreshChecks, rightsCheck } from './rights';
import { rowSecurityCheck } from './row-security';
import { searchPathCheck, timeoutsCheck } from './session';
import { migrationsCheck, tableCheck } from './table';
import { tlsCheck } from './tls';
import { triggersCheck } from './triggers';

/** The settings that matter to them. */
export interface Circumstances {
  stores: Store[];
  plaintext: Plaintext;
  isMixedFleet: boolean;
  /** Whether the calendar store sets the user for row-level security: TOKENKEEP_JWT_CLAIMS. */
  tellsUser: boolean;
}

/** The checks of the server, then those of the stores. */
export function databaseChecks(findings: Findings, around: Circumstances): Check[] {
  const { servers, database } = findings;
  const used = servers.find(({ isUsed }) => isUsed);
  const connection = connectionCheck(findings);
  if (!used?.facts || !database) return [connection, ...notChecked(around.stores)];
  if ('failed' in used.facts) {
    return [connection, ...unansweredChecks(used.facts.failed), ...notChecked(around.stores)];
  }
  const facts = used.facts.found;
  const isBehindPooler = ['session', 'transaction'].includes(kindOf(database.pooler));
  return [
    connection,
    ...serverChecks(facts),
    searchPathCheck(facts, findings.schema),
    timeoutsCheck(facts),
    tlsCheck(used, facts, findings.tlsMode, isBehindPooler),
    poolerCheck(used, database.pooler),
    clockCheck(facts.clock, around.isMixedFleet),
    ...around.stores.flatMap((store) => storeChecks(store, database, facts, around)),
    ...refreshChecks(database.bookkeeping, around.stores),
    ...connectChecks(database.bookkeeping, around.stores),
  ];
}

/** The checks of the stores without a connection. */
function notChecked(stores: Store[]): Check[] {
  return stores.map((store) =>
    unknown(`${store}.table`, 'Not checked: the database does not answer.'),
  );
}

function storeChecks(
  store: Store,
  found: Contents,
  role: Facts,
  { plaintext, tellsUser }: Circumstances,
): Check[] {
  const checked = found.tables[store];
  if (!checked || 'failed' in checked) {
    const why = checked ? checked.failed : 'the core does not know this store';
    return [unknown(`${store}.table`, `Not checked: ${sentence(why)}`)];
  }
  const table = checked.found;
  const checks = [
    tableCheck(table),
    migrationsCheck(table, found.bookkeeping),
    rightsCheck(table),
    triggersCheck(table),
    rowSecurityCheck(table, role, tellsUser),
    linksCheck(table),
    rowsCheck(table, plaintext),
  ];
  return checks.filter((check) => check !== undefined);
}
