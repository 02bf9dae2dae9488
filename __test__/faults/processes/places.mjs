/**
 * Where a process can stand in the middle of a refresh: before a statement is executed, after it
 * was executed and before the answer, or while the provider has its request.
 *
 * @typedef {object} Place
 * @property {import('../../../support/postgres-proxy/step.mjs').Step} [step] none: at the provider
 * @property {'before' | 'after'} [when]
 * @property {import('../../../support/token-endpoint.mjs').Step} [answer] what the provider gives to
 *   each row's first request, so that the process comes here
 * @property {boolean} [revoked] whether the user has taken back the grant
 * @property {boolean} [combined] whether many rows share a statement, and few statements are on
 *   their way at once: the other rows wait in the process
 */
export const places = /** @satisfies {Record<string, Place>} */ ({
  read: { step: 'read', when: 'before', combined: true },
  'lease sent': { step: 'lease', when: 'before' },
  'lease taken': { step: 'lease', when: 'after' },
  'request under way': {},
  'commit sent': { step: 'commit', when: 'before' },
  'commit executed': { step: 'commit', when: 'after' },
  'release sent': { step: 'release', when: 'before', answer: { status: 429 } },
  'release executed': { step: 'release', when: 'after', answer: { status: 429 } },
  'mark sent': { step: 'mark revoked', when: 'before', revoked: true },
  'mark executed': { step: 'mark revoked', when: 'after', revoked: true },
});

/** Whether the process has not asked the provider yet. @param {Place} place */
export function isBeforeRequest({ step }) {
  return step === 'read' || step === 'lease';
}
