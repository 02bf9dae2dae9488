import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';

const quickestMs = 150;
const usualMs = 1_000;
/** Longer than an old caller waits. */
const slowMs = 7_000;
/** One answer in so many is slow. */
const slowOneIn = 40;

/**
 * A provider whose answers take their time. It rotates, and a token that comes back spent revokes its
 * family.
 */
export async function startSlowProvider() {
  const endpoint = await startTokenEndpoint();
  const delaysMs = new Map();
  let withSlow = true;
  endpoint.script(({ refreshToken }) => {
    const slow = withSlow && delaysMs.size % slowOneIn === 0;
    const delayMs = slow ? slowMs : quickestMs + Math.random() * usualMs;
    delaysMs.set(refreshToken, delayMs);
    return { delayMs };
  });
  return {
    ...endpoint,
    /** From now on no answer is slow. */
    hurry: () => void (withSlow = false),
    /** How long the answer for this refresh token took, and longer. @param {string} refreshToken */
    delayOf: (refreshToken) => delaysMs.get(refreshToken),
  };
}
