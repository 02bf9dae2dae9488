import * as gmail from 'tokenkeep/gmail';
import { expect, test } from 'vitest';
import { job } from './job/index.cjs';

test('in whichever pool', () => job(gmail));

test('an error is one of the test’s realm', async () => {
  const error = await gmail.getValidGmailToken('nobody').catch((error) => error);
  expect(error).toBeInstanceOf(gmail.GmailNotConnectedError);
  expect(error).toBeInstanceOf(Error);
});
