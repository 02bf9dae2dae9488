/** Where there are no native addons: what `edge-light` and `workerd` are given for every entry. */

import { NativeMissingError } from './errors/errors';

throw new NativeMissingError(
  'tokenkeep is native code, which an edge runtime does not load: it needs Node.js. ' +
    "In Next.js, say export const runtime = 'nodejs' in this route",
);
