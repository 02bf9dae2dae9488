/** The entry for the export conditions `edge-light` and `workerd`, which cannot load native addons. */

import { NativeMissingError } from './errors/errors';

throw new NativeMissingError(
  'tokenkeep is a native addon and needs Node.js; an edge runtime cannot load it. ' +
    "In Next.js, add export const runtime = 'nodejs' to this route",
);
