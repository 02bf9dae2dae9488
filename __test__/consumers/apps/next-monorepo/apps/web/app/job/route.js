import * as tokens from '@consumer/tokens';
import { job } from '../../job/index.cjs';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

export async function GET() {
  await job(tokens);
  return new Response('done');
}
