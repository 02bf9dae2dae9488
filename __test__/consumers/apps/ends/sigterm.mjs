import { close } from 'tokenkeep';
import { getValidGmailToken } from 'tokenkeep/gmail';

process.once('SIGTERM', async () => {
  await close();
  process.exit(0);
});
// The refresh has begun when this is heard.
const [userId] = process.argv.slice(2);
void getValidGmailToken(userId, async () => {
  console.log('refreshing');
  await new Promise((resolve) => setTimeout(resolve, 300));
  return { accessToken: 'new', refreshToken: 'rotated', expiryDate: Date.now() + 3_600_000 };
});
