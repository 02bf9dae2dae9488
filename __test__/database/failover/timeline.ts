/** What happened when, for people and for the test. */

import type { Call } from './traffic';

/** In milliseconds since the first process of the primary was killed. */
export interface Timeline {
  firstError: number;
  promoted: number;
  /** The first call of its kind that began when all were gone, and succeeded, ended then. */
  firstRead: number;
  firstCommit: number;
  /** The call that was under way at the kill, whose answer had come and was not stored yet. */
  unfinishedCommit: number;
  calls: number;
  /** How many calls failed, by code. */
  errors: Record<string, number>;
}

/** What is known of a failover when all processes have ended. */
export interface Course {
  killed: number;
  /** When the last process of the primary was gone. */
  gone: number;
  promoted: number;
  unfinishedCommit: number;
  calls: Call[];
}

/** Puts it in order. */
export function timelineOf({ killed, gone, promoted, unfinishedCommit, calls }: Course): Timeline {
  const first = (moments: number[]) => Math.min(...moments) - killed;
  const later = calls.filter(({ began }) => began > gone);
  const good = (kind: Call['kind']) =>
    later.filter((call) => call.kind === kind && !call.code).map(({ ended }) => ended);
  const failed = calls.filter(({ code }) => code);
  const errors: Record<string, number> = {};
  for (const { code } of failed) errors[code!] = (errors[code!] ?? 0) + 1;
  return {
    firstError: first(failed.map(({ ended }) => ended)),
    promoted: promoted - killed,
    firstRead: first(good('read')),
    firstCommit: first(good('refresh')),
    unfinishedCommit: unfinishedCommit - killed,
    calls: calls.length,
    errors,
  };
}
