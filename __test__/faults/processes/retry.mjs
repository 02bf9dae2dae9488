const late = 'ERR_TOKENKEEP_REFRESH_TIMEOUT';

/**
 * One answer a user. Whoever is told that it takes too long asks again: scaled limits are short on a
 * busy machine.
 *
 * @param {import('../process.mjs').Process} process
 * @param {string[]} ids
 * @returns {Promise<import('../call.mjs').Answer[]>}
 */
export async function callUntilAnswered(process, ids) {
  const answers = await process.call(ids);
  const again = answers.filter(({ code }) => code === late).map(({ userId }) => userId);
  if (again.length === 0) return answers;
  return [
    ...answers.filter(({ code }) => code !== late),
    ...(await callUntilAnswered(process, again)),
  ];
}
