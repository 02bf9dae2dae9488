/** The report for people. */

import type { Check, Status } from './check';

/** ANSI: green, yellow, red, grey. */
const COLOURS: Record<Status, number> = { ok: 32, warning: 33, problem: 31, unknown: 90 };

/** By subject, in the order of the checks; at the end the counts. */
export function report(checks: readonly Check[], hasColour: boolean): string {
  const lines: string[] = [];
  let subject = '';
  for (const check of checks) {
    const [of = ''] = check.id.split('.');
    if (of !== subject) lines.push(...(subject ? [''] : []), of);
    subject = of;
    lines.push(`  ${painted(check.status, hasColour)} ${check.id}: ${check.found}`);
    if (check.fix) lines.push(`          ${check.fix}`);
  }
  const count = (status: Status): number => checks.filter((each) => each.status === status).length;
  const counted = (status: Status, one: string, many: string): string =>
    `${count(status)} ${count(status) === 1 ? one : many}`;
  const sums = [
    counted('problem', 'problem', 'problems'),
    counted('warning', 'warning', 'warnings'),
    `${count('unknown')} not checked`,
  ];
  return `${lines.join('\n')}\n\n${sums.join(', ')}\n`;
}

function painted(status: Status, hasColour: boolean): string {
  const word = status.padEnd(7);
  return hasColour ? `\u001b[${COLOURS[status]}m${word}\u001b[0m` : word;
}

/** On a terminal, unless NO_COLOR is set (https://no-color.org). */
export function hasColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}
