import { handlers } from '../../../../lib/google';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';
export const POST = handlers.disconnect;
