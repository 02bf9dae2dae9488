/**
 * The role of a statement in the refresh protocol.
 *
 * @typedef {'read' | 'lease' | 'commit' | 'release' | 'expire early' | 'mark revoked' | 'upsert' | 'delete' | 'other'} Step
 */

/** Patterns that identify the statements of the gmail store, the most specific first. */
const marks = /** @type {[Step, RegExp][]} */ ([
  ['read', /^SELECT user_id, .* FROM \S*gmail_tokens/s],
  ['upsert', /^WITH clock .* INSERT INTO \S*gmail_tokens/s],
  ['commit', /^WITH clock .* UPDATE \S*gmail_tokens/s],
  ['lease', /^UPDATE \S*gmail_tokens"?(?:\s+AS r)?\s+SET refreshing_at = clock_timestamp\(\)/],
  ['release', /^UPDATE \S*gmail_tokens"?(?:\s+AS r)?\s+SET refreshing_at = \$3/],
  ['expire early', /^UPDATE \S*gmail_tokens"?(?:\s+AS r)?\s+SET expires_at = LEAST/],
  ['mark revoked', /^DELETE FROM \S*gmail_tokens.*\brefreshing_at = /s],
  ['delete', /^DELETE FROM \S*gmail_tokens/],
]);

/** @param {string} sql @returns {Step} */
export function stepOf(sql) {
  return marks.find(([, mark]) => mark.test(sql))?.[0] ?? 'other';
}
