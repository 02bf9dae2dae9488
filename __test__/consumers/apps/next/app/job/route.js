import * as gmail from 'tokenkeep/gmail';
import { job } from '../../job/index.cjs';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

export async function GET() {
  await job(gmail);
  return new Response('done');
}
