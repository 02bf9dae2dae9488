/** What Google gives, and what becomes of what is stored. */

import { describe, expect, it } from 'vitest';
import { startChangingProxy, without } from './changing-proxy';
import { someUser, useScene } from './scene';
import { Visitor } from './visitor';

const scene = useScene();

const CALENDAR = 'https://www.googleapis.com/auth/calendar.events';
const SCOPES = ['openid', CALENDAR];

const openTokens = (userId: string) => scene.keep.calendar.getCalendarTokens(userId);

/** From now on Google gives no refresh token. */
async function withoutRefreshToken(): Promise<void> {
  const { url } = await startChangingProxy(scene.google, {
    answer: without('refresh_token'),
  });
  scene.handle({ keep: scene.instance({ googleTokenUrl: url }), scopes: SCOPES });
}

describe('a consent without a refresh token', () => {
  it('keeps the stored one, and the lease of whoever refreshes with it', async () => {
    scene.handle({ scopes: SCOPES });
    const userId = someUser();
    await scene.connect(userId);
    const before = await openTokens(userId);
    const lease = `UPDATE google_calendar_tokens SET refreshing_at = '2020-01-01Z' WHERE user_id = $1`;
    await scene.database.client.query(lease, [userId]);
    await withoutRefreshToken();
    expect((await scene.connect(userId)).status).toBe(200);
    const after = await openTokens(userId);
    expect(after?.refreshToken).toBe(before?.refreshToken);
    expect(after?.accessToken).not.toBe(before?.accessToken);
    expect(after?.scopes?.sort()).toEqual([...SCOPES].sort());
    expect(after?.tokenExpiry!.getTime()).toBeGreaterThan(before!.tokenExpiry!.getTime() - 1);
    const row = await scene.row(userId);
    expect(row?.['refreshing_at']).toEqual(new Date('2020-01-01T00:00:00.000Z'));
  });

  it.each(['nothing is stored', 'what is stored has none either', 'it is an old one’s'])(
    'is refused when %s, with a page that says what to do',
    async (how) => {
      const userId = someUser();
      const { calendar } = scene.keep;
      if (how.startsWith('what')) await calendar.saveCalendarTokens(userId, 'at', '', null, null);
      if (how.startsWith('it')) {
        const old = `INSERT INTO google_calendar_tokens (user_id, access_token, refresh_token)
          VALUES ($1, 'at', '')`;
        await scene.database.client.query(old, [userId]);
      }
      const before = await scene.row(userId);
      await withoutRefreshToken();
      const { status, text } = await scene.connect(userId);
      expect(status).toBe(400);
      expect(text).toContain('First remove this application at myaccount.google.com/connections.');
      expect(await scene.row(userId)).toEqual(before);
    },
  );
});

describe('another account than before', () => {
  const changes = () => scene.events.filter(({ type }) => type === 'account.changed');
  const asAccount = (accountId: string) => {
    scene.google.user.accountId = accountId;
  };

  it('is reported to the user and to the operator, and nothing is mixed', async () => {
    scene.handle({ scopes: SCOPES });
    const userId = someUser();
    asAccount('ann');
    await scene.connect(userId);
    expect((await scene.connect(userId)).text).not.toContain('different Google account');
    expect(changes()).toEqual([]);
    asAccount('ben');
    const { status, text } = await scene.connect(userId);
    expect(status).toBe(200);
    expect(text).toContain('different Google account than before');
    expect(changes()).toEqual([{ type: 'account.changed', store: 'calendar', key: userId }]);
    expect((await scene.connect(userId)).text).not.toContain('different Google account');
  });

  it('is noticed when the row is gone, but not after a disconnect', async () => {
    scene.handle({ scopes: SCOPES });
    const [revoked, disconnected] = [someUser(), someUser()];
    asAccount('ann');
    for (const userId of [revoked, disconnected]) await scene.connect(userId);
    await scene.keep.calendar.deleteCalendarTokens(revoked);
    await scene.keep.calendar.disconnect(disconnected);
    asAccount('ben');
    for (const userId of [revoked, disconnected]) await scene.connect(userId);
    expect(changes().map(({ key }) => key)).toEqual([revoked]);
  });

  it('never gets the refresh token of the one before', async () => {
    scene.handle({ scopes: SCOPES });
    const userId = someUser();
    asAccount('ann');
    await scene.connect(userId);
    const before = await scene.row(userId);
    await withoutRefreshToken();
    asAccount('ben');
    const { status, text } = await scene.connect(userId);
    expect(status).toBe(400);
    expect(text).toContain('did not give permanent access');
    expect(await scene.row(userId)).toEqual(before);
    expect(changes()).toEqual([]);
    // The other way round: it was not taken for the one before.
    asAccount('ann');
    expect((await scene.connect(userId)).status).toBe(200);
  });

  it('is not mixed with one that is not known', async () => {
    const userId = someUser();
    asAccount('ann');
    await scene.connect(userId);
    const before = await scene.row(userId);
    await withoutRefreshToken();
    asAccount('ben');
    expect((await scene.connect(userId)).text).toContain('did not give permanent access');
    expect(await scene.row(userId)).toEqual(before);
  });

  it('is not mixed after a consent that does not say whose it was', async () => {
    scene.handle({ scopes: SCOPES });
    const userId = someUser();
    asAccount('ann');
    await scene.connect(userId);
    asAccount('ben');
    scene.handle();
    await scene.connect(userId);
    const before = await scene.row(userId);
    await withoutRefreshToken();
    asAccount('ann');
    expect((await scene.connect(userId)).status).toBe(400);
    expect(await scene.row(userId)).toEqual(before);
  });

  it('is shown before the browser goes where the application wants it', async () => {
    scene.handle({ scopes: SCOPES, returnTo: '/settings' });
    const userId = someUser();
    const connect = async () => {
      const visitor = new Visitor();
      const page = await visitor.open(await scene.link(userId));
      return visitor.press(page, { before: `${scene.origin}/settings` });
    };
    asAccount('ann');
    expect((await connect()).url.pathname).toBe('/settings');
    asAccount('ben');
    const { text, url } = await connect();
    expect(url.pathname).toBe('/auth/google/callback');
    expect(text).toContain('different Google account than before');
    expect(text).toContain(`<a href="${scene.origin}/settings">Continue</a>`);
  });

  it('has another fingerprint for each user', async () => {
    scene.handle({ scopes: SCOPES });
    asAccount('ann');
    const users = [someUser(), someUser()];
    for (const userId of users) await scene.connect(userId);
    const { rows } = await scene.database.client.query(
      'SELECT subject FROM tokenkeep.oauth_account WHERE key = ANY($1)',
      [users],
    );
    expect(new Set(rows.map(({ subject }) => subject)).size).toBe(2);
  });

  it('is kept as a fingerprint only', async () => {
    scene.handle({ scopes: SCOPES });
    asAccount('ann@example.com');
    await scene.connect(someUser());
    const { rows } = await scene.database.client.query('SELECT * FROM tokenkeep.oauth_account');
    expect(JSON.stringify(rows)).not.toContain('ann');
    expect(rows.at(-1).subject).toMatch(/^1:[0-9a-f]{32}$/);
  });

  it('cannot be compared without its table, and the error names the store to migrate', async () => {
    const { visitor, back } = await scene.consent(someUser());
    const { client } = scene.database;
    await client.query('ALTER TABLE tokenkeep.oauth_account RENAME TO elsewhere');
    try {
      expect((await visitor.request(back)).status).toBe(400);
    } finally {
      await client.query('ALTER TABLE tokenkeep.elsewhere RENAME TO oauth_account');
    }
    const [{ message }] = scene.errors as [Error];
    expect(message).toContain('Run: npx tokenkeep migrate --store calendar. If');
  });
});

describe('a token endpoint that does not do its part', () => {
  const odd: [string, object | string, number, string, string][] = [
    ['refuses the client', { error: 'invalid_client' }, 401, 'client_rejected', 'not set up'],
    ['knows no such URI', { error: 'redirect_uri_mismatch' }, 400, 'client_rejected', 'not set up'],
    ['is down', '<html>', 503, 'server_unavailable', 'is not responding'],
    ['is throttled', {}, 429, 'server_unavailable', 'is not responding'],
    ['answers nonsense', '<html>', 200, 'server_unavailable', 'is not responding'],
    ['refuses the code', { error: 'invalid_grant' }, 400, 'code_refused', 'did not confirm'],
  ];

  it.each(odd)('%s', async (_, body, status, told, says) => {
    const endpoint = await startChangingProxy(scene.google, {});
    endpoint.script([{ status, body }]);
    scene.handle({ keep: scene.instance({ googleTokenUrl: endpoint.url }) });
    const userId = someUser();
    const visit = await scene.connect(userId);
    expect(visit.status).toBe(400);
    expect(visit.text).toContain(says);
    expect(endpoint.requests).toHaveLength(1);
    expect(await scene.row(userId)).toBeUndefined();
    // The operator learns of it, with what the server said.
    expect(scene.errors).toMatchObject([
      { reason: told, message: expect.stringContaining(`${status}`) },
    ]);
  });

  it('cannot be reached', async () => {
    scene.handle({ keep: scene.instance({ googleTokenUrl: 'http://127.0.0.1:1/token' }) });
    expect((await scene.connect(someUser())).text).toContain('is not responding');
  });

  it('was not allowed all that was asked for', async () => {
    const endpoint = await startChangingProxy(scene.google, {
      answer: (answer) => ({ ...answer, scope: 'openid' }),
    });
    scene.handle({ keep: scene.instance({ googleTokenUrl: endpoint.url }), scopes: SCOPES });
    const userId = someUser();
    const { status, text } = await scene.connect(userId);
    expect([status, text]).toEqual([400, expect.stringContaining('select every box')]);
    expect(await scene.row(userId)).toBeUndefined();
  });

  it('gives other scopes than were asked for, or does not name them', async () => {
    const endpoint = await startChangingProxy(scene.google, {
      answer: without('scope'),
    });
    scene.handle({ keep: scene.instance({ googleTokenUrl: endpoint.url }), scopes: SCOPES });
    const userId = someUser();
    await scene.connect(userId);
    expect((await openTokens(userId))?.scopes).toEqual(SCOPES);
    const fewer = await startChangingProxy(scene.google, {
      answer: (answer) => ({ ...answer, scope: ` ${CALENDAR}  more ` }),
    });
    scene.handle({ keep: scene.instance({ googleTokenUrl: fewer.url }), scopes: SCOPES });
    await scene.connect(userId);
    expect((await openTokens(userId))?.scopes).toEqual([CALENDAR, 'more']);
  });
});
