import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createTokenKeep } from 'tokenkeep';

import { Browser } from './browser.mjs';

/**
 * What a user does, and what the database and Google have of it.
 *
 * @param {string} origin
 * @param {import('./scene.mjs').Scene} scene
 * @param {(text: string) => void} say
 */
export async function journey(origin, scene, say) {
  const userId = randomUUID();
  const browser = new Browser();
  const home = () => browser.open(origin);

  assert.match((await home()).text, /Nobody is signed in/);
  const refused = await browser.open(`${origin}/auth/google/connect`);
  assert.equal(refused.status, 401, 'nobody who is not signed in begins');
  const forged = await new Browser().open(origin, { headers: { cookie: `user=${userId}.forged` } });
  assert.match(forged.text, /Nobody is signed in/);

  const missing = await browser.open(`${origin}/login?user=${userId}`);
  assert.match(missing.text, /Not connected/);

  const { url: back } = await browser.click(missing, { before: scene.google.redirectUri });
  const looked = await browser.open(back, { method: 'HEAD' });
  assert.equal(looked.status, 405, 'a look at the callback is refused');
  assertConnected(await browser.open(back));
  await assertSealed(scene, userId);
  assertConnected(await home());
  say('connected');

  await withdraw(scene, userId);
  const revoked = await home();
  assert.match(revoked.text, /access was withdrawn/);
  assert.equal(await row(scene, userId), undefined, 'a dead grant deletes the row');
  assertConnected(await browser.click(revoked));
  await assertSealed(scene, userId);
  say('connected again, after the access was withdrawn');

  const gone = await browser.press(await home());
  assert.equal(gone.status, 200, gone.text);
  assert.match(gone.text, /Google Calendar disconnected/);
  assert.equal(await row(scene, userId), undefined, 'disconnecting deletes the row');
  assert.match((await home()).text, /Not connected/);
  say('disconnected');
}

function assertConnected({ url, text }) {
  const [, until] = /Connected until ([^,]+),/.exec(text) ?? [];
  assert.ok(until, text);
  assert.ok(new Date(until) > new Date(), `until ${until}`);
  assert.equal(url.pathname, '/', 'the browser ends on the page of the application');
}

async function row({ database }, userId) {
  const sql = 'SELECT access_token, refresh_token FROM google_calendar_tokens WHERE user_id = $1';
  return (await database.query(sql, [userId])).rows[0];
}

async function assertSealed(scene, userId) {
  const stored = await row(scene, userId);
  assert.ok(stored, 'there is no row');
  for (const [column, value] of Object.entries(stored)) {
    assert.ok(value.startsWith('tk1.'), `${column} is not sealed`);
  }
}

/** The user takes the access back at Google, and the token at hand expires. */
async function withdraw({ database, google, settings }, userId) {
  const keep = createTokenKeep({
    databaseUrl: settings.DATABASE_URL,
    tokenkeepKey: settings.TOKENKEEP_KEY,
  });
  const { refreshToken } = await keep.calendar
    .getCalendarTokens(userId)
    .finally(() => keep.close());
  await google.revoke(refreshToken);
  await database.query(
    "UPDATE google_calendar_tokens SET token_expiry = now() - interval '1 hour' WHERE user_id = $1",
    [userId],
  );
}
