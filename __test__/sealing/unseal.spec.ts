import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { emptyDatabase, KEY, OTHER_KEY, type TestDatabase } from '../helpers/database';
import { failureOf } from '../helpers/promises';

let database: TestDatabase;
beforeEach(async () => {
  database = await emptyDatabase();
  await using((keep) => keep.migrate({ stores: ['zoho'] }));
});
afterEach(() => database.drop());

type Keep = ReturnType<typeof createTokenKeep>;

async function using<T>(work: (keep: Keep) => Promise<T>, options: TokenKeepOptions = {}) {
  const keep = createTokenKeep({ databaseUrl: database.url, tokenkeepKey: KEY, ...options });
  return work(keep).finally(() => keep.close());
}

/** So many rows, sealed. */
const store = (count: number, options: TokenKeepOptions = {}) =>
  using(async (keep) => {
    const clients = Array.from({ length: count }, (_, index) => `client-${index}`);
    await Promise.all(
      clients.map((client) =>
        keep.zoho.storeTokens(client, 'zoho_crm', {
          accessToken: `1000.access.${client}`,
          refreshToken: `1000.refresh.${client}`,
          expiresIn: 3_600,
        }),
      ),
    );
  }, options);

const rows = async () =>
  (await database.client.query('SELECT * FROM oauth_tokens ORDER BY client_id')).rows;

const unseal = (options: TokenKeepOptions = {}) =>
  using((keep) => keep.unseal({ store: 'zoho' }), { sealing: 'off', ...options });

describe('unseal', () => {
  it('leaves no sealed value, changes nothing else, and has nothing to do the second time', async () => {
    await store(250);
    await database.client.query(
      `UPDATE oauth_tokens SET refreshing_at = now() WHERE client_id = 'client-7'`,
    );
    const before = await rows();
    expect(before.every((row) => row.refresh_token.startsWith('tk1.'))).toBe(true);
    expect(await unseal()).toBe(250);
    const expected = before.map((row) => ({
      ...row,
      access_token: `1000.access.${row.client_id}`,
      refresh_token: `1000.refresh.${row.client_id}`,
    }));
    expect(await rows()).toEqual(expected);
    expect(await unseal()).toBe(0);
  });

  it('refuses while values would be sealed again', async () => {
    await store(1);
    const failure = await failureOf(unseal({ sealing: 'on' }));
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
    expect(failure.message).toMatch(/^TOKENKEEP_SEALING: must be off/);
    expect((await rows())[0].refresh_token).toMatch(/^tk1\./);
  });

  it('ends with an error at a value that it cannot open, and leaves that row as it is', async () => {
    await store(1, { tokenkeepKey: `2:${OTHER_KEY}` });
    const before = await rows();
    expect(await failureOf(unseal())).toMatchObject({ code: 'ERR_TOKENKEEP_DECRYPTION' });
    expect(await rows()).toEqual(before);
  });

  it('writes no plaintext that would be taken for a sealed value', async () => {
    await using((keep) => keep.zoho.storeTokens('client', 'zoho_crm', { refreshToken: 'tk1.odd' }));
    const before = await rows();
    expect((await failureOf(unseal())).message).toMatch(/starts with tk1\./);
    expect(await rows()).toEqual(before);
  });

  it('does not undo what is stored at the same time', async () => {
    await store(100);
    await using(
      async (keep) => {
        const storing = Array.from({ length: 100 }, (_, index) =>
          keep.zoho.storeTokens(`client-${index}`, 'zoho_crm', { refreshToken: `new-${index}` }),
        );
        await Promise.all([...storing, keep.unseal({ store: 'zoho' })]);
      },
      { sealing: 'off' },
    );
    for (const row of await rows()) {
      expect(row.refresh_token).toBe(`new-${row.client_id.slice('client-'.length)}`);
    }
  });

  it('names the stores that it knows', async () => {
    const wrong = using((keep) => keep.unseal({ store: 'gmail' } as never), { sealing: 'off' });
    expect(await failureOf(wrong)).toMatchObject({ argument: 'store' });
  });
});
