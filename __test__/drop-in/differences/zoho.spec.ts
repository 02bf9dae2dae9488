/** The rows on zoho of docs/differences.md, on both sides. */

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NotConnectedError, type TokenkeepEvent } from '../../../dist/index.js';
import { createOldZohoService, schema } from '../../../support/old-zoho/index.mjs';
import { emptyDatabase } from '../../helpers/database';
import { failureOf } from '../../helpers/promises';
import { makeTables, migrateOn } from '../../helpers/tables';
import { type Client, CREDENTIALS, Scene, someClient } from '../../zoho/scene';

const scene = new Scene();
const ZONE = 'Asia/Kolkata';
beforeAll(async () => {
  scene.database = await emptyDatabase();
  const name = new URL(scene.database.url).pathname.slice(1);
  await scene.database.client.query(`ALTER DATABASE ${name} SET timezone TO '${ZONE}'`);
  await makeTables(scene.database, schema);
  await migrateOn(scene.database, { stores: ['zoho'] });
  await scene.open();
});
afterEach(() => {
  scene.endpoint.script([]);
  scene.endpoint.requests.length = 0;
});
afterAll(async () => {
  await scene.close();
  await scene.database.drop();
});

type Service = Pick<
  ReturnType<typeof createOldZohoService>,
  'getAccessToken' | 'storeTokens' | 'hasToken'
>;

/** Does the same with the old service and with tokenkeep; gives what came of both. */
async function both<Outcome>(what: (service: Service) => Promise<Outcome>, refreshToken = '') {
  const databaseUrl = scene.database.url;
  const old = createOldZohoService({ databaseUrl, tokenUrl: scene.endpoint.url, refreshToken });
  try {
    const before = await what(old);
    scene.endpoint.requests.length = 0;
    return [before, await what(scene.keep({ zohoRefreshToken: refreshToken }).zoho)] as const;
  } finally {
    await old.close();
  }
}

const get = (service: Service, { id }: { id: string }, credentials = CREDENTIALS) =>
  service.getAccessToken(id, 'zoho_crm', credentials);

/** What is thrown at a client whose token has run out while Zoho answers so. */
const refused = (step: object) =>
  both(async (service) => {
    const client = await scene.client();
    scene.endpoint.script(() => step);
    const error = await failureOf(get(service, client));
    return { error, client, row: await scene.row(client) };
  });

describe('refreshing', () => {
  it('by many callers is one request', async () => {
    const [before, after] = await both(async (service) => {
      // All ask before the first is answered.
      scene.endpoint.script(() => ({ rotate: false, delayMs: 500 }));
      const client = await scene.client();
      const others = { ...CREDENTIALS, clientId: 'another-client-of-zoho' };
      const callers = [CREDENTIALS, CREDENTIALS, others, others];
      const calls = callers.map((credentials) => get(service, client, credentials));
      return { tokens: new Set(await Promise.all(calls)), sent: scene.endpoint.requests.length };
    });
    expect(before.sent).toBe(4);
    expect(after.sent).toBe(1);
    expect(after.tokens.size).toBe(1);
  });

  it('that is refused with status 200 is an error by its code', async () => {
    const [before, after] = await refused({ status: 200, body: { error: 'general_error' } });
    expect(before.error).toMatchObject({ name: 'RangeError', message: 'Invalid time value' });
    expect(after.error.message).toBe('Token refresh failed: 200 - general_error');
    for (const { client, row } of [before, after]) {
      expect(row.access_token).toBe(client.accessToken);
    }
  });

  it('of a dead grant is tried once, and its error has the code instead of the body', async () => {
    await scene.knownClient();
    const [before, after] = await both(async (service) => {
      scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_code' } }));
      const client = await scene.client();
      const earlier = scene.endpoint.requests.length;
      const errors = [await failureOf(get(service, client)), await failureOf(get(service, client))];
      const sent = scene.endpoint.requests.length - earlier;
      return { messages: errors.map(({ message }) => message), sent };
    });
    const text = 'Token refresh failed: 400 - {"error":"invalid_code"}';
    expect(before).toEqual({ messages: [text, text], sent: 2 });
    expect(after.sent).toBe(1);
    expect(after.messages[0]).toMatch(/^Token refresh failed: 400 - invalid_code\. /);
  });

  it('that Zoho throttles is not tried again by each call', async () => {
    const [before, after] = await both(async (service) => {
      scene.endpoint.script(() => ({ status: 400, body: { error: 'Access Denied' } }));
      const client = await scene.client();
      for (let call = 0; call < 10; call++) await failureOf(get(service, client));
      return scene.endpoint.requests.length;
    });
    expect(before).toBe(10);
    expect(after).toBeLessThan(10);
  });

  it('whose answer names no lifetime counts for an hour', async () => {
    const withoutLifetime = { body: (usual: object) => ({ ...usual, expires_in: undefined }) };
    const [before, after] = await both(async (service) => {
      const client = await scene.client();
      scene.endpoint.script([withoutLifetime]);
      const outcome = await get(service, client).catch((error: Error) => error.name);
      return { outcome, left: (await scene.row(client)).left };
    });
    expect(before.outcome).toBe('RangeError');
    expect(after.left).toBeGreaterThan(3_500);
  });
});

describe('a row that is deleted during its refresh', () => {
  it('is made again by the old service, and stays deleted with tokenkeep', async () => {
    const [before, after] = await both(async (service) => {
      const client = await scene.client();
      scene.endpoint.script(async () => {
        const sql = 'DELETE FROM oauth_tokens WHERE client_id = $1';
        await scene.database.client.query(sql, [client.id]);
        return {};
      });
      const outcome = await get(service, client).catch((error: Error) => error.name);
      return { outcome, row: await scene.row(client) };
    });
    expect(before.outcome).not.toMatch(/Error$/);
    expect(before.row.access_token).toBe(before.outcome);
    expect(after).toEqual({ outcome: 'NotConnectedError', row: undefined });
  });
});

describe('what is stored', () => {
  const EU = 'https://accounts.zoho.eu';

  it('is sealed', async () => {
    const [before, after] = await both(async (service) => {
      const client: Client = { id: someClient(), ...scene.endpoint.issue() };
      await service.storeTokens(client.id, 'zoho_crm', client);
      return { client, row: await scene.row(client) };
    });
    expect(before.row.refresh_token).toBe(before.client.refreshToken);
    expect(after.row.refresh_token).toMatch(/^tk1\./);
  });

  it('of metadata keeps the accounts server, and takes api_domain from each answer', async () => {
    const api_domain = 'https://www.zohoapis.eu';
    const [before, after] = await both(async (service) => {
      const client = await scene.client({ metadata: { accounts_server: EU } });
      await service.storeTokens(client.id, 'zoho_crm', { ...client, metadata: { a: 1 } });
      scene.endpoint.script([{ body: (usual: object) => ({ ...usual, api_domain }) }]);
      await get(service, client);
      return (await scene.row(client)).metadata;
    });
    expect(before).toEqual({ a: 1 });
    expect(after).toEqual({ accounts_server: EU, a: 1, api_domain });
  });

  it('of times is UTC, the creation, too', async () => {
    const hoursAgo = async (service: Service) => {
      const id = someClient();
      await service.storeTokens(id, 'zoho_crm', { refreshToken: 'refresh' });
      const { rows } = await scene.database.client.query(
        `SELECT extract(epoch FROM clock_timestamp() AT TIME ZONE 'UTC' - created_at)::float8 / 3600
           AS hours FROM oauth_tokens WHERE client_id = $1`,
        [id],
      );
      return rows[0].hours;
    };
    const [before, after] = await both(hoursAgo);
    expect(before).toBeCloseTo(-5.5, 1);
    expect(after).toBeCloseTo(0, 1);
  });

  it('for ZOHO_REFRESH_TOKEN is there before Zoho has answered', async () => {
    const [before, after] = await both(async (service) => {
      const id = someClient();
      scene.endpoint.script([{ status: 429 }]);
      await failureOf(get(service, { id }));
      return scene.row({ id });
    }, scene.endpoint.issue().refreshToken);
    expect(before).toBeUndefined();
    expect(after).toMatchObject({ access_token: null, invalid_since: null });
  });
});

describe('the events in the place of log lines', () => {
  it('report a refresh, and one that failed, with store, key and code', async () => {
    const events: TokenkeepEvent[] = [];
    const { zoho } = scene.keep({ onEvent: (event) => void events.push(event) });
    const client = await scene.client();
    scene.endpoint.script([{ status: 400, body: { error: 'general_error' } }]);
    const { code } = await failureOf(get(zoho, client));
    const another = await scene.client();
    await get(zoho, another);
    const of = (type: string, { id }: { id: string }) =>
      events.find((event) => event.type === type && event.key.includes(id));
    expect(of('refresh.fail', client)).toMatchObject({ store: 'zoho', code });
    expect(of('refresh.end', another)).toMatchObject({
      store: 'zoho',
      durationMs: expect.any(Number),
    });
    expect(of('refresh.start', another)!.key).toBe(of('refresh.end', another)!.key);
  });

  it('are none of a fresh token, and of storing', async () => {
    const events: TokenkeepEvent[] = [];
    const { zoho } = scene.keep({ onEvent: (event) => void events.push(event) });
    const id = someClient();
    const tokens = { ...scene.endpoint.issue(), expiresIn: 3_600 };
    await zoho.storeTokens(id, 'zoho_crm', tokens);
    await get(zoho, { id });
    expect(events).toEqual([]);
  });
});

describe('credentials that are none', () => {
  it('are no matter of a fresh token on either side', async () => {
    const [before, after] = await both(async (service) => {
      const { id, accessToken } = await scene.client({ left: 3_600 });
      const none = undefined as never;
      return (await service.getAccessToken(id, 'zoho_crm', none)) === accessToken;
    });
    expect([before, after]).toEqual([true, true]);
  });

  it('are an error of a spent one, by the name of what is missing', async () => {
    const [before, after] = await both(async (service) => {
      const { id } = await scene.client();
      return failureOf(service.getAccessToken(id, 'zoho_crm', undefined as never));
    });
    expect(before.name).toBe('TypeError');
    expect(after).toMatchObject({ name: 'InvalidArgumentError', argument: 'credentials' });
  });
});

describe('errors', () => {
  it('of a missing row have a class and the same text', async () => {
    const [before, after] = await both((service) => failureOf(get(service, { id: 'nobody' })));
    expect(after).toBeInstanceOf(NotConnectedError);
    expect(after.message).toBe(before.message);
  });

  it('of bad arguments come before anything is sent', async () => {
    const [before, after] = await both(async (service) => {
      const tokens = { refreshToken: 'refresh' };
      return failureOf(service.storeTokens('x'.repeat(256), 'zoho_crm', tokens));
    });
    expect(before.name).not.toBe('InvalidArgumentError');
    expect(after).toMatchObject({ name: 'InvalidArgumentError', argument: 'clientId' });
  });
});
