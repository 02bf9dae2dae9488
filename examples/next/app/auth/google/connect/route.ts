import { handlers } from '../../../../lib/google';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';
export const GET = handlers.connect;
export const POST = handlers.connect;
