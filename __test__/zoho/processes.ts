/** Processes of an application that keeps Zoho tokens, old and new. */

import type { oauthTokenService } from '../../dist/zoho.js';
import { type Environment, Process as AnyProcess, type Side } from '../drop-in/processes/processes';

export type { Environment, Side };

/** One of them. */
export type Process = AnyProcess<typeof oauthTokenService>;

/** Starts one. */
export const startProcess = (side: Side, env: Environment): Promise<Process> =>
  AnyProcess.start('../../zoho/process.mjs', side, env);
