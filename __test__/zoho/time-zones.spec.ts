/** Columns without a time zone hold UTC, wherever database and process are. */

import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createOldZohoService, schema } from '../../support/old-zoho/index.mjs';
import { emptyDatabase, type TestDatabase } from '../helpers/database';
import { makeTables, migrateOn } from '../helpers/tables';
import type { Process } from './processes';
import { CREDENTIALS, type Client, Scene } from './scene';

const ZONES = ['UTC', 'America/New_York', 'Asia/Kolkata'];
const HOUR_S = 3_600;
/** How exactly a moment is known that is read some time later on a busy machine. */
const MINUTE_MS = 60_000;

const { oauthTokens } = schema;

/** A scene whose database has the application's table, and this zone for everybody. */
function useZone(zone: string): Scene {
  const scene = new Scene();
  let database: TestDatabase;
  beforeAll(async () => {
    database = await emptyDatabase();
    const name = new URL(database.url).pathname.slice(1);
    await database.client.query(`ALTER DATABASE ${name} SET timezone TO '${zone}'`);
    await makeTables(database, schema);
    await migrateOn(database, { stores: ['zoho'] });
    scene.database = database;
    await scene.open();
  });
  afterEach(() => scene.endpoint.script([]));
  afterAll(async () => {
    await scene.close();
    await database.drop();
  });
  return scene;
}

/** What the application's own drizzle reads of a row. */
async function readByDrizzle(url: string, { id }: { id: string }) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const rows = await drizzle(client)
      .select()
      .from(oauthTokens)
      .where(eq(oauthTokens.clientId, id));
    return rows[0]!;
  } finally {
    await client.end();
  }
}

const expectNear = (moment: Date | null, ms: number) =>
  expect(Math.abs(Number(moment) - ms)).toBeLessThan(MINUTE_MS);

describe.each(ZONES)('a database in %s', (zone) => {
  const scene = useZone(zone);

  /** A client whose row the old service has stored in a process in `zone`. */
  async function stored(processZone: string, expiresIn: number): Promise<Client> {
    const old = await scene.process({ TZ: processZone }, 'old');
    const issued = scene.endpoint.issue();
    const id = `client-${processZone}-${expiresIn}-${Math.random()}`;
    await old.call('storeTokens', id, 'zoho_crm', { ...issued, expiresIn });
    await old.stop();
    return { id, ...issued };
  }

  const get = (process: Process, { id }: Client) =>
    process.call('getAccessToken', id, 'zoho_crm', CREDENTIALS);

  it.each(ZONES)(
    'serves what is valid and refreshes what is not for a process in %s',
    async (TZ) => {
      const process = await scene.process({ TZ });
      const [expired, valid] = [await stored(TZ, -HOUR_S), await stored(TZ, HOUR_S)];
      const earlier = scene.endpoint.requests.length;
      expect(await get(process, valid)).toBe(valid.accessToken);
      expect(scene.endpoint.requests).toHaveLength(earlier);
      const refreshed = await get(process, expired);
      expect(refreshed).toBe((await scene.tokens(expired)).accessToken);
      expect(scene.endpoint.requests).toHaveLength(earlier + 1);
    },
  );

  it.each(ZONES)('is written by a process in %s as drizzle reads it', async (TZ) => {
    const process = await scene.process({ TZ });
    const refreshed = await stored(TZ, -HOUR_S);
    await get(process, refreshed);
    const row = await readByDrizzle(scene.database.url, refreshed);
    expectNear(row.tokenExpiry, Date.now() + HOUR_S * 1_000);
    expectNear(row.updatedAt, Date.now());

    const issued = { id: `new-${TZ}`, ...scene.endpoint.issue() };
    await process.call('storeTokens', issued.id, 'zoho_crm', { ...issued, expiresIn: HOUR_S });
    const written = await readByDrizzle(scene.database.url, issued);
    expectNear(written.tokenExpiry, Date.now() + HOUR_S * 1_000);
    for (const moment of [written.createdAt, written.updatedAt]) expectNear(moment, Date.now());
    expect(await get(process, issued)).toBe(issued.accessToken);
  });

  it('marks and revives in UTC', async () => {
    const client = await stored('UTC', -HOUR_S);
    scene.endpoint.script([{ status: 400, body: { error: 'invalid_code' } }]);
    const keep = scene.keep();
    await expect(scene.token(client, keep)).rejects.toMatchObject({ name: 'TokenRevokedError' });
    await expect(scene.token(client, keep)).rejects.toMatchObject({ name: 'TokenRevokedError' });
    const row = await readByDrizzle(scene.database.url, client);
    expectNear(row.updatedAt, Date.now());
    expectNear((await scene.row(client)).invalid_since, Date.now());
    const zohoRefreshToken = scene.endpoint.issue().refreshToken;
    const token = await scene.token(client, { zohoRefreshToken });
    expect(token).toBe((await scene.tokens(client)).accessToken);
    expectNear((await readByDrizzle(scene.database.url, client)).updatedAt, Date.now());

    const seeded = { id: `seeded-${zone}` };
    scene.endpoint.script([{ status: 429 }]);
    const another = scene.endpoint.issue().refreshToken;
    await expect(scene.token(seeded, { zohoRefreshToken: another })).rejects.toThrow('slow down');
    const { createdAt, updatedAt } = await readByDrizzle(scene.database.url, seeded);
    for (const moment of [createdAt, updatedAt]) expectNear(moment, Date.now());
  });

  it('would be read wrongly by a comparison that names no zone, outside UTC', async () => {
    const session = new pg.Client({ connectionString: scene.database.url });
    await session.connect();
    const isFreshNaively = async ({ id }: Client) => {
      const sql = `SELECT token_expiry > now() + interval '5 minutes' AS fresh FROM oauth_tokens
        WHERE client_id = $1`;
      return (await session.query(sql, [id])).rows[0].fresh;
    };
    const naively = {
      expired: await isFreshNaively(await stored('UTC', -HOUR_S)),
      valid: await isFreshNaively(await stored('UTC', HOUR_S)),
    };
    await session.end();
    expect(naively).toEqual(
      {
        UTC: { expired: false, valid: true },
        'America/New_York': { expired: true, valid: true },
        'Asia/Kolkata': { expired: false, valid: false },
      }[zone],
    );
  });
});

describe.each(ZONES)('a connection that asks for %s', (zone) => {
  const scene = useZone('UTC');

  it('changes nothing', async () => {
    const options = encodeURIComponent(`-c timezone=${zone}`);
    const databaseUrl = `${scene.database.url}?options=${options}`;
    const asked = createOldZohoService({ databaseUrl });
    const [expired, valid] = ['expired', 'valid'].map((id) => ({ id, ...scene.endpoint.issue() }));
    await asked.storeTokens('expired', 'zoho_crm', { ...expired!, expiresIn: -HOUR_S });
    await asked.storeTokens('valid', 'zoho_crm', { ...valid!, expiresIn: HOUR_S });
    const { rows } = await asked.pool.query('SHOW timezone');
    await asked.close();
    expect(rows).toEqual([{ TimeZone: zone }]);

    const keep = scene.keep({ databaseUrl });
    expect(await scene.token(valid!, keep)).toBe(valid!.accessToken);
    expect(scene.endpoint.requests).toHaveLength(0);
    expect(await scene.token(expired!, keep)).toBe((await scene.tokens(expired!)).accessToken);
    const { tokenExpiry } = await readByDrizzle(databaseUrl, expired!);
    expectNear(tokenExpiry, Date.now() + HOUR_S * 1_000);
  });
});
