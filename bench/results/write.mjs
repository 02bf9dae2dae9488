import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../library.mjs';
import { page } from './markdown.mjs';
import { plot } from './plot.mjs';

const resultsFile = 'bench/RESULTS.md';
const plotFile = 'docs/images/reads.svg';

/**
 * Writes the page, and the picture if reads were measured.
 *
 * @param {Record<string, any>} result
 * @returns {string[]} the paths
 */
export function writeResults(result) {
  if (result.reads) writeFileSync(join(root, plotFile), plot(result));
  const picture = result.reads && `../${plotFile}`;
  writeFileSync(join(root, resultsFile), page(result, picture));
  return result.reads ? [resultsFile, plotFile] : [resultsFile];
}
