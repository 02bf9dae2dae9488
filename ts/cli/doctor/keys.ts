/** Checks whether the keys are set, and open the stored rows. */

import type { KeyFaults } from '../../../index';
import { STORES } from '../../stores/registry';
import { type Check, ok, problem, sentence, split, unknown, warning } from './check';
import type { Sample, Store, Table } from './findings';

/** How to restore a key that was replaced. */
const RESTORE = {
  GMAIL_ENCRYPTION_KEY:
    'Add the key that sealed them after the current one: GMAIL_ENCRYPTION_KEY=2:current,1:previous.',
  TOKENKEEP_KEY:
    'Add the key that sealed them after the current one: TOKENKEEP_KEY=2:current,1:previous.',
  ENCRYPTION_SECRET: 'Set ENCRYPTION_SECRET_PREVIOUS to the secret that sealed them.',
};

const SECRET =
  'Set it to at least 32 random characters, the same in every process: no other secret opens what it has sealed.';

/** What `TOKENKEEP_SEALING` and `TOKENKEEP_REQUIRE_SEALED` are set to. */
export interface Plaintext {
  isWritten: boolean;
  isRefused: boolean;
}

/** A check for each key variable that the stores need. */
export function keyChecks(stores: Store[], faults: KeyFaults, plaintext: Plaintext): Check[] {
  const faultOf = {
    GMAIL_ENCRYPTION_KEY: faults.gmailEncryptionKey,
    TOKENKEEP_KEY: faults.tokenkeepKey,
    ENCRYPTION_SECRET: faults.encryptionSecret,
  };
  return [...new Set(stores.map((store) => STORES[store].keyVariable))].map((variable) => {
    const id = `keys.${variable}`;
    const fault = faultOf[variable];
    if (fault === undefined) return ok(id, `${variable} is set and valid.`);
    const told = split(fault);
    const { found } = told;
    const fix = variable === 'ENCRYPTION_SECRET' ? SECRET : told.fix;
    // As long as plaintext is written, no key is needed: the first step of a roll-out.
    const isUnused =
      variable === 'TOKENKEEP_KEY' && plaintext.isWritten && /is not set/.test(found);
    return isUnused ? warning(id, found, fix) : problem(id, found, fix);
  });
}

/** Whether the keys open the newest rows. */
export function rowsCheck(table: Table, plaintext: Plaintext): Check | undefined {
  const { store, access, sample } = table;
  if (!access) return undefined;
  const id = `${store}.rows`;
  if (!sample) return unknown(id, `The rows were not checked: ${obstacle(table)}.`);
  if ('failed' in sample)
    return unknown(id, `The rows were not checked: ${sentence(sample.failed)}`);
  const { rows, unopened, sealed } = sample.found;
  const values = { ...sample.found };
  const variable = STORES[store].keyVariable;
  if (rows === 0) return ok(id, 'There are no rows.', values);
  if (unopened) {
    const found = `${of(unopened, rows)} cannot be opened with ${variable}: calls for their users fail.`;
    return problem(id, found, RESTORE[variable], values);
  }
  if (unopened === null && sealed > 0) {
    return unknown(
      id,
      `${of(sealed, rows)} are sealed, and there is no key to open them with.`,
      `Set ${variable}.`,
    );
  }
  return plaintextCheck(store, sample.found, plaintext, values);
}

function plaintextCheck(
  store: Store,
  sample: Sample,
  { isWritten, isRefused }: Plaintext,
  values: Record<string, unknown>,
): Check {
  const { rows, sealed, plaintext, versions } = sample;
  const id = `${store}.rows`;
  if (plaintext > 0 && isRefused) {
    const found = `${of(plaintext, rows)} hold plaintext, which TOKENKEEP_REQUIRE_SEALED refuses.`;
    const fix = `Run: npx tokenkeep seal --store ${store}. Or unset TOKENKEEP_REQUIRE_SEALED until all rows are sealed.`;
    return problem(id, found, fix, values);
  }
  if (plaintext > 0 && !isWritten) {
    const found = `${of(plaintext, rows)} hold plaintext.`;
    const fix = `A row is sealed when it is next refreshed or stored. To seal all of them now: npx tokenkeep seal --store ${store}.`;
    return warning(id, found, fix, values);
  }
  const keys = Object.entries(versions).map(([version, count]) => `${version} (${count})`);
  const named = keys.length ? ` Key versions: ${keys.join(', ')}.` : '';
  const unsealed =
    plaintext > 0 ? ` ${plaintext} hold plaintext, which TOKENKEEP_SEALING=off writes.` : '';
  return ok(
    id,
    `The keys open all sealed rows among the ${rows} newest (${sealed}).${unsealed}${named}`,
    values,
  );
}

const of = (some: number, all: number): string => `${some} of the ${all} newest rows`;

function obstacle({ access, differences }: Table): string {
  if (access?.rowSecurity.isActive) return 'row-level security hides them';
  if (differences && 'found' in differences && differences.found.blocking.length > 0)
    return 'the table lacks columns that tokenkeep reads';
  return 'the role may not read them';
}
