import { decryptToken as openInRust, encryptToken as sealInRust } from 'tokenkeep/crypto';

import { createCrypto } from '../../support/old-gmail/index.mjs';
import { newTokens } from '../rows.mjs';

/** The number of calls between two readings of the clock. */
const burst = 64;

/**
 * Nanoseconds per call, for each function and round, interleaved.
 *
 * @param {{ rounds: number, ms: number, encryptionKey: string }} size
 */
export async function seal({ rounds, ms, encryptionKey }) {
  process.env.GMAIL_ENCRYPTION_KEY = encryptionKey;
  const { encryptToken: sealInNode, decryptToken: openInNode } = createCrypto(encryptionKey);
  const { accessToken } = newTokens();
  const sealed = sealInRust(accessToken);
  if (openInNode(sealed) !== accessToken || openInRust(sealInNode(accessToken)) !== accessToken) {
    throw new Error('One implementation cannot open a value that the other sealed');
  }
  const functions = {
    encrypt: { tokenkeep: () => sealInRust(accessToken), node: () => sealInNode(accessToken) },
    decrypt: { tokenkeep: () => openInRust(sealed), node: () => openInNode(sealed) },
  };
  const nanos = { encrypt: { tokenkeep: [], node: [] }, decrypt: { tokenkeep: [], node: [] } };
  for (let round = -1; round < rounds; round++) {
    for (const [name, { tokenkeep, node }] of Object.entries(functions)) {
      for (const [side, run] of Object.entries({ tokenkeep, node })) {
        const measured = nanosOfOne(run, ms);
        // The first round is a warm-up.
        if (round >= 0) nanos[name][side].push(measured);
      }
    }
  }
  return { bytes: accessToken.length, nanos };
}

function nanosOfOne(run, ms) {
  const start = performance.now();
  let calls = 0;
  let spent = 0;
  while (spent < ms) {
    for (let index = 0; index < burst; index++) run();
    calls += burst;
    spent = performance.now() - start;
  }
  return (spent * 1e6) / calls;
}
