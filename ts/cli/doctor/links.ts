/** Checks for foreign keys that a migration left out. */

import { type Check, ok, sentence, unknown, warning } from './check';
import type { Link, Table } from './findings';

/** Whether one that was left out can be added now. */
export function linksCheck({ store, links, access }: Table): Check | undefined {
  const id = `${store}.foreign-keys`;
  if (!links || !access) return undefined;
  if ('failed' in links) return unknown(id, `Not checked: ${sentence(links.failed)}`);
  if (links.found.length === 0) return undefined;
  const missing = links.found.filter(({ isThere }) => !isThere);
  const values = { missing: missing.map(name) };
  if (missing.length === 0) {
    return ok(id, `All foreign keys exist: ${links.found.map(name).join(', ')}.`, values);
  }
  const found = sentence(missing.map(described).join('; '));
  const possible = missing.filter(isPossible);
  if (possible.length === 0) return ok(id, found, values);
  const forbidden = possible.filter(({ mayRefer }) => !mayRefer);
  const grants = forbidden.map(
    ({ other }) =>
      ` First GRANT REFERENCES ON ${other} TO ${access.roleName}, or run it as the owner.`,
  );
  const fix = `Run: npx tokenkeep migrate --store ${store}.${grants.join('')}`;
  return warning(id, found, fix, values);
}

const name = ({ column, other }: Link): string => `${column} -> ${other}.id`;

const isPossible = ({ foundType, wantedType, isKey }: Link): boolean =>
  foundType === wantedType && isKey;

function described(link: Link): string {
  const { other, foundType, wantedType } = link;
  if (isPossible(link)) return `${name(link)} was left out, and can be added now`;
  if (foundType === null) return `${name(link)} was left out: there is no ${other}.id`;
  if (foundType !== wantedType) {
    return `${name(link)} was left out: ${other}.id has the type ${foundType}, not ${wantedType}`;
  }
  return `${name(link)} was left out: ${other}.id is not unique`;
}
