import { createTokenKeep, GmailNotConnectedError } from 'tokenkeep';
import * as gmail from 'tokenkeep/gmail';
import { job } from './job/index.cjs';

await job(gmail);
// An instance shares the classes, and the addon.
const keep = createTokenKeep();
await job({ ...keep.gmail, GmailNotConnectedError });
await keep.close();
