import { createCrypto } from '../../support/old-gmail/crypto.mjs';
import { libraryOf } from '../library.mjs';
import { newTokens } from '../tokens.mjs';

/** The number of calls between two readings of the clock. */
const burst = 64;

/**
 * Nanoseconds per call, for each function, implementation and round, interleaved in this process.
 *
 * @param {{ rounds: number, ms: number, encryptionKey: string, olderCheckout?: string }} size
 */
export async function seal({ rounds, ms, encryptionKey, olderCheckout }) {
  process.env.GMAIL_ENCRYPTION_KEY = encryptionKey;
  const sides = {
    tokenkeep: libraryOf()('tokenkeep/crypto'),
    ...(olderCheckout && { older: libraryOf(olderCheckout)('tokenkeep/crypto') }),
    node: createCrypto(encryptionKey),
  };
  const { accessToken } = newTokens();
  const sealed = sides.node.encryptToken(accessToken);
  for (const { encryptToken, decryptToken } of Object.values(sides)) {
    if (sides.node.decryptToken(encryptToken(accessToken)) !== accessToken) throw different();
    if (decryptToken(sealed) !== accessToken) throw different();
  }
  const names = Object.keys(sides);
  const lists = () => Object.fromEntries(names.map((name) => [name, []]));
  const nanos = { encrypt: lists(), decrypt: lists() };
  for (let round = -1; round < rounds; round++) {
    for (const [name, { encryptToken, decryptToken }] of Object.entries(sides)) {
      const encrypt = nanosOfOne(() => encryptToken(accessToken), ms);
      const decrypt = nanosOfOne(() => decryptToken(sealed), ms);
      // The first round is a warm-up.
      if (round < 0) continue;
      nanos.encrypt[name].push(encrypt);
      nanos.decrypt[name].push(decrypt);
    }
  }
  return { bytes: accessToken.length, nanos };
}

function different() {
  return new Error('One implementation cannot open a value that the other sealed');
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
