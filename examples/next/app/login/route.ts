import { sessionOf } from '../../lib/session';

export function GET(request: Request): Response {
  const session = sessionOf(new URL(request.url).searchParams.get('user') ?? '');
  if (!session) return new Response('user must be a UUID', { status: 400 });
  return new Response(null, { status: 303, headers: { location: '/', 'set-cookie': session } });
}
