/** What comes between a write and its table. */

import { type Check, list, ok, sentence, unknown, warning } from './check';
import type { Table, Trigger } from './findings';

/** Whether triggers and rules let through what is written, as it is. */
export function triggersCheck({ store, between, access }: Table): Check | undefined {
  if (!between || !access) return undefined;
  const id = `${store}.triggers`;
  if ('failed' in between) return unknown(id, `Not looked at: ${sentence(between.failed)}`);
  const { triggers, rules } = between.found;
  const told = [
    ...rules.map((rule) => `the rule ${rule} does something else INSTEAD`),
    ...triggers.flatMap(risksOf),
  ];
  const values = { triggers, rules };
  if (told.length > 0) {
    const found = `On ${access.name} ${told.join('; ')}.`;
    const dated = triggers.some(({ sets }) => sets.includes('updated_at'));
    const alive = dated
      ? ' By updated_at a dead grant can count as alive again, and is asked for anew: set it when tokens change (BEFORE UPDATE OF access_token, refresh_token), or not at all.'
      : '';
    const fix =
      'A write that is dropped, or changed, fails with ERR_TOKENKEEP_SCHEMA. Let the trigger RETURN NEW (OLD for DELETE) and set no column of tokenkeep’s but those of times, or drop it.' +
      alive;
    return warning(id, found, fix, values);
  }
  const names = triggers.map(({ name }) => name);
  const found =
    names.length > 0
      ? `Of the triggers BEFORE a row of ${access.name} (${list(names)}) none is seen to drop or change a write.`
      : `No trigger BEFORE a row of ${access.name}, and no rule.`;
  return ok(id, found, values);
}

function risksOf({ name, function: of, isOpaque, maySwallow, sets }: Trigger): string[] {
  const risks = [
    ...(maySwallow ? ['may drop a write (RETURN NULL)'] : []),
    ...(sets.length > 0 ? [`sets ${list(sets)}`] : []),
    ...(isOpaque ? ['is in a language that is not looked into'] : []),
  ];
  return risks.length > 0 ? [`the trigger ${name} (${of}) ${list(risks)}`] : [];
}
