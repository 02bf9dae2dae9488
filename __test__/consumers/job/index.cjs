/**
 * What an application does with tokenkeep: it stores a token that has run out, and is given a new one.
 * The database, the keys and the token endpoint are in the environment.
 */
const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');

/** The job, with the functions of whichever copy of tokenkeep. @param {any} gmail */
exports.job = async function job(gmail) {
  const missing = await gmail.getValidGmailToken(randomUUID()).catch((error) => error);
  assert.ok(missing instanceof gmail.GmailNotConnectedError, String(missing));
  // Bun's stacks end where a promise was awaited.
  if (!process.versions.bun) assert.match(missing.stack, /at .*job/);
  const { userId, accessToken } = await connect(gmail);
  const ask = () => gmail.getValidGmailToken(userId);
  const [one, other] = await Promise.all([ask(), ask()]);
  assert.notEqual(one.accessToken, accessToken);
  assert.equal(one.accessToken, other.accessToken);
  assert.ok(one.expiresAt.getTime() > Date.now());
  const mine = await connect(gmail);
  const refreshed = await gmail.getValidGmailToken(mine.userId, async (refreshToken) => {
    assert.equal(refreshToken, mine.refreshToken);
    return { accessToken: 'by a function', expiryDate: Date.now() + 3_600_000 };
  });
  assert.equal(refreshed.accessToken, 'by a function');
};

/** A user whose access token has run out. @param {any} gmail */
async function connect(gmail) {
  const issued = await (await fetch(process.env.JOB_ISSUE_URL)).json();
  const userId = randomUUID();
  const { accessToken, refreshToken } = issued;
  const expiresAt = new Date(Date.now() - 60_000);
  const scope = 'https://www.googleapis.com/auth/gmail.readonly';
  await gmail.upsertGmailTokens({
    userId,
    tenantId: 'tenant',
    accessToken,
    refreshToken,
    expiresAt,
    scope,
  });
  return { userId, accessToken, refreshToken };
}

exports.connect = connect;
