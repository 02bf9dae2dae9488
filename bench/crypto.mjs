import { Child } from './process/child.mjs';
import { pairedRatios, spread } from './statistics.mjs';

/**
 * Compares `encryptToken` and `decryptToken` of a Google access token with Node's crypto, and with the older
 * build, in one process.
 *
 * @param {import('./compare.mjs').Given} given
 */
export async function measureCrypto({ plan, settings, progress }) {
  progress('crypto');
  const { encryptionKey, olderCheckout } = settings;
  const child = new Child();
  const { bytes, nanos } = await child.run('seal', {
    rounds: plan.sealRounds,
    ms: plan.sealMs,
    encryptionKey,
    olderCheckout,
  });
  await child.close();
  return { bytes, encrypt: sides(nanos.encrypt), decrypt: sides(nanos.decrypt) };
}

function sides({ tokenkeep, older, node }) {
  return {
    tokenkeepNanos: spread(tokenkeep),
    nodeNanos: spread(node),
    ratio: pairedRatios(node, tokenkeep),
    ...(older && { olderNanos: spread(older), olderRatio: pairedRatios(older, tokenkeep) }),
  };
}
