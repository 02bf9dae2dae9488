/** The rows on calendar of docs/differences.md, on both sides; but for those on links and routes. */

import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  createTokenKeep,
  RefreshTokenMissingError,
  TokenRevokedError,
  type TokenKeep,
  type TokenKeepOptions,
} from '../../../dist/index.js';
import { createOldCalendarService } from '../../../support/old-calendar/index.mjs';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { KEY } from '../../helpers/database';
import { failureOf, printed, until } from '../../helpers/promises';
import { migrateOn } from '../../helpers/tables';
import { SCOPES } from '../applications/calendar';
import { type Supabase, supabaseDatabase } from '../../helpers/supabase';

type Old = ReturnType<typeof createOldCalendarService>;
type Ours = TokenKeep['calendar'];

let database: Supabase;
let google: Awaited<ReturnType<typeof startTokenEndpoint>>;
beforeAll(async () => {
  database = await supabaseDatabase();
  await migrateOn(database, { stores: ['calendar'] });
  google = await startTokenEndpoint({ rotate: false });
});
afterAll(async () => {
  await google.close();
  await database.drop();
});

const closing: (() => Promise<unknown>)[] = [];
const logged: string[] = [];
afterEach(async () => {
  google.script([]);
  google.requests.length = 0;
  logged.length = 0;
  for (const close of closing.splice(0)) await close();
});

/** The old program, behind the REST server as this role. */
function oldProgram(options: { databaseUrl?: string; role?: string } = {}): Old {
  const old = createOldCalendarService({
    databaseUrl: database.url,
    role: database.serviceRole,
    tokenUrl: google.url,
    log: (line) => logged.push(line),
    ...options,
  });
  closing.push(old.close);
  return old;
}

function tokenkeep(options: TokenKeepOptions = {}): Ours {
  const keep = createTokenKeep({
    databaseUrl: database.serviceUrl,
    tokenkeepKey: KEY,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: google.url,
    ...options,
  });
  closing.push(() => keep.close({ timeoutMs: 1_000 }));
  return keep.calendar;
}

const query = async (sql: string, values?: unknown[]) =>
  (await database.client.query(sql, values)).rows;

/** A user whose access token has run out, unless told otherwise; in plaintext. */
async function user({ left = -60, refreshToken }: { left?: number; refreshToken?: string } = {}) {
  const issued = google.issue();
  const stored = { id: await database.user(), ...issued };
  if (refreshToken !== undefined) stored.refreshToken = refreshToken;
  await query(
    `INSERT INTO google_calendar_tokens
     VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 second', $5)`,
    [stored.id, stored.accessToken, stored.refreshToken, left, SCOPES],
  );
  return stored;
}

/** One whose client has refreshed a row: only then is its word believed that a grant is dead. */
async function knownTokenkeep(): Promise<Ours> {
  const ours = tokenkeep();
  await ours.getCredentialsForUser((await user()).id);
  google.requests.length = 0;
  return ours;
}

const rowOf = async (id: string) =>
  (await query('SELECT * FROM google_calendar_tokens WHERE user_id = $1', [id]))[0];

/** Makes every statement on the table fail for a while. */
async function withoutTable(act: () => Promise<void>): Promise<void> {
  await query('ALTER TABLE google_calendar_tokens RENAME TO elsewhere');
  try {
    await act();
  } finally {
    await query('ALTER TABLE elsewhere RENAME TO google_calendar_tokens');
  }
}

describe('a stored token that has run out', () => {
  it('is returned by the old program, and refreshed and stored by tokenkeep', async () => {
    const { id, accessToken } = await user();
    const before = await rowOf(id);
    const given = await oldProgram().getCredentialsForUser(id);
    expect(given!.token).toBe(accessToken);
    expect(given!.expired).toBe(false);
    expect(google.requests).toEqual([]);
    expect(await rowOf(id)).toEqual(before);

    const [one, other] = [tokenkeep(), tokenkeep()];
    const callers = [one, one, other, other].map((store) => store.getCredentialsForUser(id));
    const tokens = new Set((await Promise.all(callers)).map((answer) => answer!.access_token));
    expect(google.requests).toHaveLength(1);
    expect([...tokens]).toEqual([expect.stringMatching(/^access-/)]);
    expect(tokens).not.toContain(accessToken);
    expect((await one.getCalendarTokens(id))!.accessToken).toBe([...tokens][0]);
    expect(Number((await rowOf(id)).token_expiry)).toBeGreaterThan(Date.now() + 3_000_000);
  });

  it("that google-auth refreshes itself is forgotten, and the next caller's is old again", async () => {
    const { id, accessToken } = await user();
    const old = oldProgram();
    const given = await old.getCredentialsForUser(id);
    await given!.refresh();
    expect(given!.token).not.toBe(accessToken);
    expect((await old.getCredentialsForUser(id))!.token).toBe(accessToken);

    const ours = tokenkeep();
    const refreshed = (await ours.getCredentialsForUser(id))!.access_token;
    expect((await ours.getCredentialsForUser(id))!.access_token).toBe(refreshed);
  });

  it('and has no refresh token is returned by the old program, and an error of tokenkeep', async () => {
    const { id, accessToken } = await user({ refreshToken: '' });
    expect((await oldProgram().getCredentialsForUser(id))!.token).toBe(accessToken);
    const failure = await failureOf(tokenkeep().getCredentialsForUser(id));
    expect(failure).toBeInstanceOf(RefreshTokenMissingError);
    expect(google.requests).toEqual([]);
    expect(await rowOf(id)).toBeDefined();
  });

  it('of a revoked grant is returned by the old program, and deletes the row with tokenkeep', async () => {
    const { id, accessToken, refreshToken } = await user();
    google.revoke(refreshToken);
    const old = oldProgram();
    const given = await old.getCredentialsForUser(id);
    expect(given!.token).toBe(accessToken);
    expect((await failureOf(given!.refresh())).message).toContain('invalid_grant');
    expect(await rowOf(id)).toBeDefined();

    const ours = await knownTokenkeep();
    expect(await failureOf(ours.getCredentialsForUser(id))).toBeInstanceOf(TokenRevokedError);
    expect(await rowOf(id)).toBeUndefined();
    expect(await ours.getCredentialsForUser(id)).toBeNull();
  });

  it('of a dead grant leaves the row of a user who connects again at that moment', async () => {
    const { id, refreshToken } = await user();
    const anew = google.issue();
    google.revoke(refreshToken);
    const ours = await knownTokenkeep();
    const reconnect = new pg.Client({ connectionString: database.serviceUrl });
    closing.push(() => reconnect.end());
    await reconnect.connect();
    // What the refresh reads again is the row as it was; only then, deleting it, it has to wait.
    google.script(async (_, index) => {
      if (index > 0) return undefined;
      await reconnect.query('BEGIN');
      await reconnect.query(
        `UPDATE google_calendar_tokens SET access_token = $2, refresh_token = $3,
           token_expiry = clock_timestamp() + interval '1 hour' WHERE user_id = $1`,
        [id, anew.accessToken, anew.refreshToken],
      );
      return undefined;
    });
    const call = ours.getCredentialsForUser(id);
    await until(async () => {
      const waiting = await query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database()
           AND wait_event_type = 'Lock' AND query LIKE '%DELETE FROM%'`,
      );
      return waiting.length > 0;
    });
    await reconnect.query('COMMIT');
    const given = (await call)!.access_token;
    expect(google.familyOfAccess(given)).toBe(google.familyOf(anew.refreshToken));
    expect((await tokenkeep().getCalendarTokens(id))!.refreshToken).toBe(anew.refreshToken);
  });
});

describe('what is stored', () => {
  it('is plaintext of the old program, and sealed of tokenkeep', async () => {
    const save = async (store: Pick<Old, 'saveCalendarTokens'> | Ours) => {
      const id = await database.user();
      await store.saveCalendarTokens(id, 'access', 'refresh', new Date(0), SCOPES);
      const { access_token, refresh_token } = await rowOf(id);
      return [access_token, refresh_token];
    };
    expect(await save(oldProgram())).toEqual(['access', 'refresh']);
    const sealed = expect.stringMatching(/^tk1\.1\./);
    expect(await save(tokenkeep())).toEqual([sealed, sealed]);
    expect(await save(tokenkeep({ sealing: 'off' }))).toEqual(['access', 'refresh']);
  });

  it('is read with a text as the expiry, and with a Date', async () => {
    const { id, accessToken, refreshToken } = await user();
    const { token_expiry: expiry } = await rowOf(id);
    const before = await oldProgram().getCalendarTokens(id);
    expect(Object.keys(before!)).toEqual([
      'access_token',
      'refresh_token',
      'token_expiry',
      'scopes',
    ]);
    expect(before!.token_expiry).toEqual(expect.any(String));
    expect(Number(new Date(before!.token_expiry))).toBe(Number(expiry));
    expect(await tokenkeep().getCalendarTokens(id)).toEqual({
      accessToken,
      refreshToken,
      tokenExpiry: expiry,
      scopes: SCOPES,
    });
  });

  it('of a consent without a refresh token is an empty one, over the one that was there', async () => {
    const { id } = await user();
    const body = { access_token: 'access', expires_in: 3_600, scope: SCOPES.join(' ') };
    google.script([{ status: 200, body }]);
    await oldProgram().exchangeCodeForTokens(id, 'code');
    expect(google.requests[0]!.form).toMatchObject({
      grant_type: 'authorization_code',
      code: 'code',
    });
    expect(await rowOf(id)).toMatchObject({ access_token: 'access', refresh_token: '' });
  });
});

describe('a consent to', () => {
  /** What comes of a code, on both sides, where Google answers with these scopes. */
  async function consent(scope: string | undefined) {
    const answers = () => {
      const { accessToken, refreshToken } = google.issue();
      const tokens = { access_token: accessToken, refresh_token: refreshToken, expires_in: 3_600 };
      google.script([
        { status: 200, body: { ...tokens, ...(scope === undefined ? {} : { scope }) } },
      ]);
    };
    const outcome = async (id: string, exchange: Promise<unknown>) => {
      const error = await exchange.then(
        () => null,
        (thrown: Error) => thrown,
      );
      return { error, scopes: (await rowOf(id))?.scopes };
    };
    const [before, after] = [await database.user(), await database.user()];
    answers();
    const old = await outcome(before, oldProgram().exchangeCodeForTokens(before, 'code'));
    const ours = tokenkeep({
      databaseUrl: database.url,
      googleOauthRedirectUri: 'http://127.0.0.1:1/auth/google/callback',
    });
    const link = new URL(await ours.getAuthUrl({ userId: after }));
    const state = link.searchParams.get('state')!;
    answers();
    const now = await outcome(after, ours.exchangeCodeForTokens(after, 'code', { state }));
    return { old, now };
  }

  it('more scopes than were asked for fails in the old program, and is stored by tokenkeep', async () => {
    const granted = [...SCOPES, 'openid'];
    const { old, now } = await consent(granted.join(' '));
    expect(old.error!.message).toContain('Scope has changed');
    expect(old.scopes).toBeUndefined();
    expect(now).toEqual({ error: null, scopes: granted });
  });

  it('fewer scopes fails on both sides, by a class and a reason with tokenkeep', async () => {
    const { old, now } = await consent('openid');
    expect(old.error!.message).toContain('Scope has changed');
    expect(now.error).toMatchObject({ name: 'AuthorizationError', reason: 'scopes_missing' });
    expect([old.scopes, now.scopes]).toEqual([undefined, undefined]);
  });

  it('the scopes that were asked for, or that are not named, is the same on both sides', async () => {
    for (const scope of [SCOPES.join(' '), undefined]) {
      const { old, now } = await consent(scope);
      expect(old).toEqual({ error: null, scopes: SCOPES });
      expect(now).toEqual(old);
    }
  });
});

describe('what the old program logs', () => {
  it('names user and error, and is with tokenkeep what the call rejects with', async () => {
    const id = await database.user();
    const [old, ours] = [oldProgram(), tokenkeep()];
    await withoutTable(async () => {
      await old.getCalendarTokens(id);
      await failureOf(old.saveCalendarTokens(id, 'at', 'rt', null, SCOPES));
      await old.deleteCalendarTokens(id);
      expect(logged.map((line) => line.split(' calendar tokens for ')[0])).toEqual([
        'Failed to fetch',
        'Failed to save',
        'Failed to delete',
      ]);
      for (const call of [
        () => ours.getCalendarTokens(id),
        () => ours.saveCalendarTokens(id, 'at', 'rt', null, SCOPES),
        () => ours.deleteCalendarTokens(id),
      ]) {
        expect(await failureOf(call())).toMatchObject({ code: 'ERR_TOKENKEEP_SCHEMA' });
      }
    });
  });
});

describe('a database that fails', () => {
  it('in a read is nobody connected to the old program, and an error of tokenkeep', async () => {
    const { id } = await user({ left: 3_600 });
    const [old, ours] = [oldProgram(), tokenkeep()];
    await withoutTable(async () => {
      expect(await old.getCalendarTokens(id)).toBeNull();
      expect(await old.getCredentialsForUser(id)).toBeNull();
      expect(logged).toHaveLength(2);
      for (const read of [ours.getCalendarTokens, ours.getCredentialsForUser]) {
        expect((await failureOf(read(id))).code).toMatch(/^ERR_TOKENKEEP_/);
      }
    });
    expect(await ours.getCredentialsForUser(id)).not.toBeNull();
  });

  it('in a delete is nothing to the old program, and an error of tokenkeep', async () => {
    const { id } = await user();
    const [old, ours] = [oldProgram(), tokenkeep()];
    await withoutTable(async () => {
      await old.deleteCalendarTokens(id);
      expect(logged).toHaveLength(1);
      expect((await failureOf(ours.deleteCalendarTokens(id))).code).toMatch(/^ERR_TOKENKEEP_/);
    });
    expect(await rowOf(id)).toBeDefined();
  });

  it('by not being there is the same', async () => {
    const databaseUrl = 'postgres://nobody@127.0.0.1:9/nowhere';
    const { id } = await user();
    expect(await oldProgram({ databaseUrl }).getCalendarTokens(id)).toBeNull();
    const failure = await failureOf(tokenkeep({ databaseUrl }).getCalendarTokens(id));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE', retryable: true });
  });

  it('by hiding the rows from the role is the same', async () => {
    const { id } = await user();
    expect(await oldProgram({ role: database.userRole }).getCalendarTokens(id)).toBeNull();
    expect(logged).toEqual([]);
    const failure = await failureOf(
      tokenkeep({ databaseUrl: database.userUrl }).getCalendarTokens(id),
    );
    expect(failure.name).toBe('TenantRequiredError');
  });

  it('prints tokens into the log of the old program, and none into an error of tokenkeep', async () => {
    const { id, refreshToken } = await user();
    await query('ALTER TABLE google_calendar_tokens ADD CHECK (scopes IS NOT NULL)');
    const save = (store: Pick<Old, 'saveCalendarTokens'> | Ours) =>
      failureOf(store.saveCalendarTokens(id, 'access', refreshToken, null, null as never));
    await save(oldProgram());
    expect(logged.join()).toContain(refreshToken);
    const failure = await save(tokenkeep({ sealing: 'off' }));
    expect(failure.code).toBe('ERR_TOKENKEEP_DATABASE');
    expect(printed(failure)).not.toContain(refreshToken);
  });
});

describe('bad arguments', () => {
  it('go to the database of the old program, and no further than tokenkeep', async () => {
    const old = oldProgram();
    expect(await old.getCalendarTokens('user-1')).toBeNull();
    expect(await old.getCredentialsForUser('user-1')).toBeNull();
    expect(logged.join()).toContain('invalid input syntax');
    const elsewhere = tokenkeep({ databaseUrl: 'postgres://nobody@127.0.0.1:9/nowhere' });
    for (const call of [
      elsewhere.getCalendarTokens('user-1'),
      elsewhere.getCredentialsForUser('user-1'),
      elsewhere.saveCalendarTokens('user-1', 'access', 'refresh', null, SCOPES),
      elsewhere.deleteCalendarTokens('user-1'),
    ]) {
      expect(await failureOf(call)).toMatchObject({
        name: 'InvalidArgumentError',
        argument: 'userId',
      });
    }
  });
});

describe('a table without the added column', () => {
  it('is read and written, not refreshed', async () => {
    const { id } = await user();
    await query('ALTER TABLE google_calendar_tokens DROP refreshing_at');
    try {
      const ours = tokenkeep();
      expect((await failureOf(ours.getCredentialsForUser(id))).code).toBe('ERR_TOKENKEEP_SCHEMA');
      const expiry = new Date(Date.now() + 3_600_000);
      await ours.saveCalendarTokens(id, 'access', 'refresh', expiry, SCOPES);
      expect((await ours.getCredentialsForUser(id))!.access_token).toBe('access');
    } finally {
      await migrateOn(database, { stores: ['calendar'] });
    }
  });
});
