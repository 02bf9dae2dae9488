import { Child } from './process/child.mjs';
import { pairedRatios, spread } from './statistics.mjs';

/**
 * Compares `encryptToken` and `decryptToken` of a Google access token with Node's crypto, in one process.
 *
 * @param {{ plan: import('./plan.mjs').Plan, database: { encryptionKey: string },
 *   progress: (text: string) => void }} benchmark
 */
export async function measureCrypto({ plan, database, progress }) {
  progress('crypto');
  const child = new Child();
  const { bytes, nanos } = await child.run('seal', {
    rounds: plan.sealRounds,
    ms: plan.sealMs,
    encryptionKey: database.encryptionKey,
  });
  await child.close();
  return { bytes, encrypt: sides(nanos.encrypt), decrypt: sides(nanos.decrypt) };
}

function sides({ tokenkeep, node }) {
  return {
    tokenkeepNanos: spread(tokenkeep),
    nodeNanos: spread(node),
    ratio: pairedRatios(node, tokenkeep),
  };
}
