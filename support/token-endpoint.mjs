import { startTokenEndpoint as start } from '../dist/testing/token-endpoint/index.js';

/**
 * @typedef {import('../dist/testing/index.js').TokenEndpointStep} Step
 * @typedef {import('../dist/testing/index.js').TokenRequest} Request
 */

/**
 * The endpoint of tokenkeep/testing, without a script at first.
 *
 * @param {import('../dist/testing/index.js').TokenEndpointOptions} [options]
 */
export async function startTokenEndpoint(options) {
  const endpoint = await start([], options);
  return { ...endpoint, close: endpoint.stop };
}
