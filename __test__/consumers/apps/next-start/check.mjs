// SIGTERM comes while the provider has a refresh, and whoever asked for the token has gone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import * as gmail from 'tokenkeep/gmail';
import { connect } from './job/index.cjs';
import { send, startNext } from './job/next.mjs';

// Answers when it is told to.
const provider = createServer().listen(0, '127.0.0.1');
await once(provider, 'listening');
const url = `http://127.0.0.1:${provider.address().port}/`;
const tokens = { access_token: 'new', refresh_token: 'rotated', expires_in: 3_600 };

const { userId } = await connect(gmail);
const next = await startNext({ NEXT_MANUAL_SIG_HANDLE: 'true', TOKENKEEP_GOOGLE_TOKEN_URL: url });
try {
  const gone = new AbortController();
  const asked = send(`${next.origin}/token?user=${userId}`, { signal: gone.signal });
  const [, response] = await Promise.race([
    once(provider, 'request'),
    asked.then(async (answer) => assert.fail(await answer.text())),
  ]);
  gone.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  next.terminate();
  // Where the signal is left to Next, it ends here, since no request is left.
  await Promise.race([next.says('shutting down'), next.exited]);
  response.setHeader('content-type', 'application/json').end(JSON.stringify(tokens));
  assert.deepEqual(await next.exited, [0, null]);
} finally {
  next.kill();
  provider.closeAllConnections();
  provider.close();
}
const stored = await gmail.getGmailTokenDecrypted(userId);
assert.equal(stored.refreshToken, 'rotated');
