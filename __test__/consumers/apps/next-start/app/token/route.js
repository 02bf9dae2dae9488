import { getValidGmailToken } from 'tokenkeep/gmail';

export const runtime = 'nodejs';

export async function GET(request) {
  const { accessToken } = await getValidGmailToken(new URL(request.url).searchParams.get('user'));
  return new Response(accessToken);
}
