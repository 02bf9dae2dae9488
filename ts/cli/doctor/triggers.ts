/** Checks for triggers and rules that drop or change what is written. */

import { type Check, list, ok, sentence, unknown, warning } from './check';
import type { Table, Trigger } from './findings';

/** Whether triggers and rules leave writes as they are. */
export function triggersCheck({ store, between, access }: Table): Check | undefined {
  if (!between || !access) return undefined;
  const id = `${store}.triggers`;
  if ('failed' in between) return unknown(id, `Not checked: ${sentence(between.failed)}`);
  const { triggers, rules } = between.found;
  const risks = [
    ...rules.map((rule) => `the rule ${rule} runs something else INSTEAD`),
    ...triggers.flatMap(risksOf),
  ];
  const values = { triggers, rules };
  if (risks.length > 0) {
    const found = `On ${access.name} ${risks.join('; ')}.`;
    const dated = triggers.some(({ sets }) => sets.includes('updated_at'));
    const revived = dated
      ? ' A new updated_at can make a dead grant count as alive, so that it is refreshed again: set it only when tokens change (BEFORE UPDATE OF access_token, refresh_token), or not at all.'
      : '';
    const fix =
      'A write that is dropped or changed fails with ERR_TOKENKEEP_SCHEMA. Let the trigger RETURN NEW (OLD for DELETE) and set no column of tokenkeep except timestamps, or drop it.' +
      revived;
    return warning(id, found, fix, values);
  }
  const names = triggers.map(({ name }) => name);
  const found =
    names.length > 0
      ? `No trigger BEFORE a row of ${access.name} (${list(names)}) seems to drop or change a write.`
      : `${access.name} has no trigger BEFORE a row, and no rule.`;
  return ok(id, found, values);
}

function risksOf({ name, function: of, isOpaque, maySwallow, sets }: Trigger): string[] {
  const risks = [
    ...(maySwallow ? ['may drop a write (RETURN NULL)'] : []),
    ...(sets.length > 0 ? [`sets ${list(sets)}`] : []),
    ...(isOpaque ? ['is in a language that the doctor cannot read'] : []),
  ];
  return risks.length > 0 ? [`the trigger ${name} (${of}) ${list(risks)}`] : [];
}
