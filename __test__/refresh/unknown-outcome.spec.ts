/** The holder of a lease died after the provider had rotated its refresh token: who comes next. */

import { describe, expect, it } from 'vitest';
import { KEY } from '../helpers/database';
import { Caller, endCallersAfterEach } from '../helpers/processes';
import { failureOf, until } from '../helpers/promises';
import { type User, useScene } from '../helpers/scene';
import { seal } from '../helpers/gmail-format';

const scene = useScene();
endCallersAfterEach();

/** A fortieth of the real limits: lease 0.75 s, unknown-outcome limit 15 s, first pause 1.5 s. */
const FORTIETH = { limitsDivisor: 40, waitMs: 30_000 };

/** A user whose refresh token is spent, while the answer died with the process that was given it. */
async function lostAnswer(): Promise<User> {
  await scene.knownClient();
  const user = await scene.user();
  scene.endpoint.script([{ hang: 'after' }]);
  const holder = await Caller.start({
    databaseUrl: scene.database.url,
    gmailEncryptionKey: KEY,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: scene.endpoint.url,
    ...FORTIETH,
  });
  void holder.call(user.id);
  await scene.requests(1);
  await holder.kill();
  return user;
}

describe('after an answer was lost', () => {
  it('the spent token is sent less and less often, and the row is marked revoked at the unknown-outcome limit', async () => {
    const user = await lostAnswer();
    const keeps = [scene.keep(FORTIETH), scene.keep(FORTIETH)];
    const codes = new Set<string>();
    const isOver = async () => {
      const calls = keeps.map((keep) => failureOf(keep.gmail.getValidGmailToken(user.id)));
      for (const { code } of await Promise.all(calls)) codes.add(code);
      return (await scene.row(user)) === undefined;
    };
    await until(isOver);
    expect(codes).toContain('ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN');
    expect(codes).toContain('ERR_TOKENKEEP_REVOKED');
    expect(codes).not.toContain('ERR_TOKENKEEP_CLIENT_UNPROVEN');
    // The holder's; one after its lease; then after 1.5, 3, 6 seconds and at the limit. Two
    // more, for a note is written after its callers are answered.
    expect(scene.endpoint.requests.length).toBeLessThanOrEqual(8);
  });

  it('the commit of another process is returned at once, without a request', async () => {
    const user = await lostAnswer();
    const keep = scene.keep(FORTIETH);
    const call = () => keep.gmail.getValidGmailToken(user.id);
    expect(await failureOf(call())).toMatchObject({
      code: 'ERR_TOKENKEEP_REFRESH_OUTCOME_UNKNOWN',
    });
    const sent = scene.endpoint.requests.length;
    const late = scene.endpoint.issue();
    await scene.database.client.query(
      `UPDATE gmail_tokens SET encrypted_access_token = $2, encrypted_refresh_token = $3,
         refreshing_at = NULL, expires_at = clock_timestamp() + interval '1 hour'
       WHERE user_id = $1`,
      [user.id, seal(late.accessToken, KEY), seal(late.refreshToken, KEY)],
    );
    expect((await call()).accessToken).toBe(late.accessToken);
    expect(scene.endpoint.requests).toHaveLength(sent);
  });
});
