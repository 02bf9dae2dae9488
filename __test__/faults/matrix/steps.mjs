/** The steps of the refresh protocol that something can happen to, and what can happen. */

/**
 * @typedef {'read' | 'lease' | 'request' | 'commit' | 'second read' | 'release' | 'invalid_grant read' | 'expire early' | 'mark revoked'} Step
 * @typedef {'error before' | 'error after' | 'slow' | 'never before' | 'never after'} Kind
 *
 * @typedef {{ step: Step, kind: Kind }} Fault
 */

/**
 * Something that happens at a step: a fault, or what has to come first so that a step is reached.
 *
 * @typedef {{ step: Step, kind?: Kind, first?: 'committed' | 'throttled' | 'revoked' | 'reconnected' }} Event
 */

/**
 * In the order of the protocol, with what has to come first.
 *
 * @type {{ step: Step, lead?: Event }[]}
 */
export const steps = [
  { step: 'read' },
  { step: 'lease' },
  { step: 'request' },
  { step: 'commit' },
  // A commit that was executed matches nothing when it is tried again.
  { step: 'second read', lead: { step: 'commit', kind: 'error after', first: 'committed' } },
  { step: 'release', lead: { step: 'request', first: 'throttled' } },
  { step: 'invalid_grant read', lead: { step: 'request', first: 'revoked' } },
  { step: 'expire early', lead: { step: 'request', first: 'reconnected' } },
  { step: 'mark revoked', lead: { step: 'request', first: 'revoked' } },
];

/** Before: the other side never sees it. After: it is executed, but nobody is told. */
export const kinds = /** @type {Kind[]} */ ([
  'error before',
  'error after',
  'slow',
  'never before',
  'never after',
]);

/** What the other side made of it, however its sender came to know. @param {Kind} kind */
export function effectOf(kind) {
  if (kind === 'slow') return 'executed late';
  return kind.endsWith('before') ? 'never executed' : 'executed, not answered';
}
