/** The keys: whether they are there, and open what is stored. */

import type { KeyFaults } from '../../../index';
import { type Check, list, ok, problem, sentence, split, unknown, warning } from './check';
import type { Sample, Store, Table } from './findings';

/** The variable of a store's keys. */
const VARIABLES: Record<Store, 'GMAIL_ENCRYPTION_KEY' | 'ENCRYPTION_SECRET' | 'TOKENKEEP_KEY'> = {
  gmail: 'GMAIL_ENCRYPTION_KEY',
  vault: 'ENCRYPTION_SECRET',
  zoho: 'TOKENKEEP_KEY',
  calendar: 'TOKENKEEP_KEY',
  integration: 'TOKENKEEP_KEY',
};

/** How a key that is gone is given back. */
const GIVE_BACK = {
  GMAIL_ENCRYPTION_KEY:
    'Put the key that sealed them after the present one: GMAIL_ENCRYPTION_KEY=2:present,1:former.',
  TOKENKEEP_KEY:
    'Put the key that sealed them after the present one: TOKENKEEP_KEY=2:present,1:former.',
  ENCRYPTION_SECRET: 'Put the secret that sealed them into ENCRYPTION_SECRET_PREVIOUS.',
};

const SECRET =
  'Set it to at least 32 random characters, the same in every process: what it seals opens with no other.';

/** What `TOKENKEEP_SEALING` and `TOKENKEEP_REQUIRE_SEALED` say. */
export interface Plaintext {
  isWritten: boolean;
  isRefused: boolean;
}

/** A check for each variable that one of the stores needs. */
export function keyChecks(stores: Store[], faults: KeyFaults, plaintext: Plaintext): Check[] {
  const faultOf = {
    GMAIL_ENCRYPTION_KEY: faults.gmailEncryptionKey,
    TOKENKEEP_KEY: faults.tokenkeepKey,
    ENCRYPTION_SECRET: faults.encryptionSecret,
  };
  return [...new Set(stores.map((store) => VARIABLES[store]))].map((variable) => {
    const id = `keys.${variable}`;
    const fault = faultOf[variable];
    if (fault === undefined) return ok(id, `${variable} is set, and well-formed.`);
    const told = split(fault);
    const { found } = told;
    const fix = variable === 'ENCRYPTION_SECRET' ? SECRET : told.fix;
    // Plaintext needs no key: the first step of a roll-out.
    const isIdle = variable === 'TOKENKEEP_KEY' && plaintext.isWritten && /is not set/.test(found);
    return isIdle ? warning(id, found, fix) : problem(id, found, fix);
  });
}

/** Whether the keys open the newest rows. */
export function rowsCheck(table: Table, plaintext: Plaintext): Check | undefined {
  const { store, access, sample } = table;
  if (!access) return undefined;
  const id = `${store}.rows`;
  if (!sample) return unknown(id, `No row was looked at: ${obstacle(table)}.`);
  if ('failed' in sample) return unknown(id, `No row was looked at: ${sentence(sample.failed)}`);
  const { rows, unopened, sealed } = sample.found;
  const values = { ...sample.found };
  const variable = VARIABLES[store];
  if (rows === 0) return ok(id, 'There are no rows.', values);
  if (unopened) {
    const found = `${of(unopened, rows)} do not open with ${variable}: their users get errors.`;
    return problem(id, found, GIVE_BACK[variable], values);
  }
  if (unopened === null && sealed > 0) {
    return unknown(
      id,
      `${of(sealed, rows)} are sealed; there is no key to try.`,
      `Set ${variable}.`,
    );
  }
  return plaintextCheck(id, sample.found, plaintext, values);
}

function plaintextCheck(
  id: string,
  sample: Sample,
  { isWritten, isRefused }: Plaintext,
  values: Record<string, unknown>,
): Check {
  const { rows, sealed, plaintext, versions } = sample;
  if (plaintext > 0 && isRefused) {
    const found = `${of(plaintext, rows)} hold plaintext, which TOKENKEEP_REQUIRE_SEALED refuses.`;
    const fix =
      'Take TOKENKEEP_REQUIRE_SEALED away until all rows are sealed: each is when it is next written.';
    return problem(id, found, fix, values);
  }
  if (plaintext > 0 && !isWritten) {
    const found = `${of(plaintext, rows)} hold plaintext.`;
    const fix =
      'Nothing, or: have them refreshed. A row is sealed when it is next refreshed or stored.';
    return warning(id, found, fix, values);
  }
  const keys = Object.entries(versions).map(([version, count]) => `${version} (${count})`);
  const named = keys.length ? ` They name the key version ${list(keys)}.` : '';
  const standing =
    plaintext > 0 ? ` ${plaintext} hold plaintext, as TOKENKEEP_SEALING=off writes it.` : '';
  return ok(
    id,
    `Of the ${rows} newest rows all ${sealed} that are sealed open.${standing}${named}`,
    values,
  );
}

const of = (some: number, all: number): string => `${some} of the ${all} newest rows`;

function obstacle({ access, shape }: Table): string {
  if (access?.rowSecurity.isActive) return 'row-level security hides them';
  if (shape && 'found' in shape && shape.found.hindering.length > 0)
    return 'the table lacks what tokenkeep reads';
  return 'the role may not read them';
}
