import * as gmail from 'tokenkeep/gmail';
import { job } from './job/index.cjs';

await job(gmail);
