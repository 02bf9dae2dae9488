const late = 'ERR_TOKENKEEP_REFRESH_TIMEOUT';

/**
 * One answer a user. Whoever is told that it takes too long asks again: scaled limits are short on a
 * busy machine.
 *
 * @param {import('../process.mjs').Process} asker
 * @param {string[]} ids
 * @returns {Promise<import('../call.mjs').Answer[]>}
 */
export async function askPatiently(asker, ids) {
  const answers = await asker.ask(ids);
  const again = answers.filter(({ code }) => code === late).map(({ userId }) => userId);
  if (again.length === 0) return answers;
  return [...answers.filter(({ code }) => code !== late), ...(await askPatiently(asker, again))];
}
