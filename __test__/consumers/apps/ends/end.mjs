import { getValidGmailToken } from 'tokenkeep/gmail';

const [way, userId, waitMs] = process.argv.slice(2);

const call = getValidGmailToken(userId);
if (way === 'exit') setTimeout(() => process.exit(0), Number(waitMs) * 3);
if (way === 'throw') {
  setTimeout(
    () => {
      throw new Error('on purpose');
    },
    Number(waitMs) * 3,
  );
}
if (way === 'beforeExit') process.once('beforeExit', () => getValidGmailToken(userId));
await call;
