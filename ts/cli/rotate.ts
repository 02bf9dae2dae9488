/** `tokenkeep rotate`: seals values of earlier keys with the first key. */

import type { KeyUse, RetiredKey } from '../instance/retire';
import type { RotatedStore } from '../instance/rotated-store';
import type { RotateResult } from '../instance/rotation';
import type { StoreName } from '../stores/registry';
import { rowsOf, sealingRun } from './sealing-run';
import { UsageError } from './usage';

interface Values {
  store: StoreName[] | undefined;
  retire: string | undefined;
  schema: string | undefined;
  json: boolean | undefined;
  'dry-run': boolean | undefined;
}

/** Prints what was done. Exits with 1 when something is left, or the key to retire is needed. */
export async function rotate(values: Values): Promise<void> {
  const { store, json, 'dry-run': dryRun = false } = values;
  const retire = values.retire === undefined ? undefined : versionOf(values.retire);
  const result = await sealingRun(values, (keep, options) =>
    keep.rotate({ store, retire, ...options }),
  );
  const text = json ? JSON.stringify({ dryRun, ...result }) : linesOf(result, dryRun).join('\n');
  process.stdout.write(`${text}\n`);
  const isLeft = result.stores.some(({ unopened, unwritten }) => unopened + unwritten > 0);
  if (isLeft || (result.retire?.neededBy ?? []).length > 0) process.exitCode = 1;
}

function versionOf(text: string): number | 'previous' {
  if (text === 'previous') return text;
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new UsageError("--retire must be the number of a key, or 'previous'");
}

function linesOf({ stores, pending, retire }: RotateResult, dryRun: boolean): string[] {
  return [
    ...(stores.length === 0 ? ['There is no table of a store whose key is set'] : []),
    ...stores.flatMap((store) => storeLines(store, dryRun)),
    ...pending.map((use) => `${useText(use)}. They expire by themselves, and are not sealed anew`),
    ...(retire ? verdict(retire) : []),
  ];
}

function storeLines(done: RotatedStore, dryRun: boolean): string[] {
  const { store, key, rows, resealed, from, plaintext, unopened, unwritten } = done;
  const verb = dryRun ? 'would be sealed' : 'sealed';
  const keys = Object.entries(from).map(([of, some]) => `${rowsOf(some)} of ${keyText(of)}`);
  const origin = keys.length > 0 ? ` (${keys.join(', ')})` : '';
  const seal = `npx tokenkeep seal --store ${store}`;
  return [
    `${store}: ${rowsOf(rows)}, ${resealed.toLocaleString('en-US')} ${verb} anew with ${keyText(key)}${origin}`,
    ...(plaintext > 0
      ? [`${store}: ${rowsOf(plaintext)} with plaintext. To seal it: ${seal}`]
      : []),
    ...(unopened > 0
      ? [`${store}: ${rowsOf(unopened)} with a value that no key opens, which is left as it is`]
      : []),
    ...(unwritten > 0
      ? [
          `${store}: ${rowsOf(unwritten)} could not be written: a transaction holds them, or a trigger drops the write`,
        ]
      : []),
  ];
}

function useText({ where, key, rows, until }: KeyUse): string {
  const what = until
    ? `${rowsOf(rows)} (connect links, pending authorizations) signed with ${keyText(key)}, the last until ${until.toISOString()}`
    : `${rowsOf(rows)} sealed with ${keyText(key)}`;
  return `${where}: ${what}`;
}

/** The vault's secrets have no numbers. */
const keyText = (key: string): string => (/^\d/.test(key) ? `key ${key}` : `the ${key} secret`);

/** Whether the key can be removed. */
function verdict({ key, variables, neededBy }: RetiredKey): string[] {
  if (neededBy.length === 0) {
    return [
      `Nothing needs ${keyText(key)}. It can be removed from ${names(key, variables)} in every process`,
    ];
  }
  const uses = neededBy.map((use) => `  ${useText(use)}`);
  const [first = '', ...rest] = keyText(key);
  return [
    `${first.toUpperCase()}${rest.join('')} is needed. Keep it, and run this again later:`,
    ...uses,
  ];
}

/** The variables; the vault's previous secret has one of its own. */
const names = (key: string, variables: string[]): string =>
  key === 'previous' ? 'ENCRYPTION_SECRET_PREVIOUS' : variables.join(' and ');
