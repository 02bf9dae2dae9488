// A worker: refreshes what runs out soon, with the options in its argument, and says what it came to.
import { createTokenKeep } from '../../../dist/index.js';

const { options, run } = JSON.parse(process.argv[2]);
const keep = createTokenKeep(options);
const result = await keep.integration.refreshExpiring(run);
await keep.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
