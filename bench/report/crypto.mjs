import { number, ratioText, table } from '../table.mjs';

/** @param {Awaited<ReturnType<typeof import('../crypto.mjs').measureCrypto>>} it */
export function cryptoText({ bytes, encrypt, decrypt }) {
  const older = encrypt.olderNanos ? ['older build ns', 'than the older build'] : [];
  const row = (name, { tokenkeepNanos, nodeNanos, ratio, olderNanos, olderRatio }) => [
    `${name}, ${bytes} bytes`,
    number(tokenkeepNanos.median),
    number(nodeNanos.median),
    ratioText(ratio),
    ...(olderNanos ? [number(olderNanos.median), ratioText(olderRatio)] : []),
  ];
  return table(
    ['crypto', 'tokenkeep ns', "Node's crypto ns", 'tokenkeep is faster', ...older],
    [row('encryptToken', encrypt), row('decryptToken', decrypt)],
  );
}
