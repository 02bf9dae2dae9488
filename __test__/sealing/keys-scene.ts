/** What a test of a key's change needs: a database with all tables, and instances before, during and after it. */

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import {
  createTokenKeep,
  type RotatedStore,
  type TokenKeep,
  type TokenKeepOptions,
} from '../../dist/index.js';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, OTHER_KEY, type TestDatabase } from '../helpers/database';
import { storeCases } from '../testing/stores';
import { TABLES } from '../helpers/tables';

const SECRET = 'a'.repeat(32);
const OTHER_SECRET = 'b'.repeat(32);
export const NAMES = ['gmail', 'zoho', 'vault', 'calendar', 'integration'] as const;

export const keysOf = (ring: string) => ({ tokenkeepKey: ring, gmailEncryptionKey: ring });
/** Before the key changes, while it changes, and when only the new one is left. */
export const BEFORE = { ...keysOf(`1:${KEY}`), encryptionSecret: SECRET };
export const BOTH = {
  ...keysOf(`2:${OTHER_KEY},1:${KEY}`),
  encryptionSecret: OTHER_SECRET,
  encryptionSecretPrevious: SECRET,
};
export const AFTER = { ...keysOf(`2:${OTHER_KEY}`), encryptionSecret: OTHER_SECRET };

/** Made for each test. */
export const scene = {} as {
  database: TestDatabase;
  endpoint: Awaited<ReturnType<typeof startTokenEndpoint>>;
};

const keeps: TokenKeep[] = [];

/** Makes the scene of each test of a file. */
export function useKeysScene(): void {
  beforeEach(async () => {
    scene.database = await emptyDatabase();
    scene.endpoint = await startTokenEndpoint();
    await keepWith(BEFORE).migrate({ stores: [...NAMES] });
  });
  afterEach(async () => {
    await Promise.all(keeps.splice(0).map((keep) => keep.close({ timeoutMs: 1_000 })));
    await scene.endpoint.close();
    await scene.database.drop();
  });
}

/** An instance, closed after the test. */
export function keepWith(options: TokenKeepOptions): TokenKeep {
  const keep = createTokenKeep({
    databaseUrl: scene.database.url,
    googleClientId: 'client',
    googleClientSecret: 'secret',
    googleTokenUrl: scene.endpoint.url,
    zohoTokenUrl: scene.endpoint.url,
    googleOauthRedirectUri: 'http://127.0.0.1:1/callback',
    ...options,
  });
  keeps.push(keep);
  return keep;
}

export const inAnHour = () => new Date(Date.now() + 3_600_000);

/** So many users, each in every store; gives their ids. */
export async function fill(keep: TokenKeep, count: number): Promise<string[]> {
  const users = Array.from({ length: count }, () => randomUUID());
  const each = users.flatMap((user) => storeCases(user).map((one) => ({ user, one })));
  await Promise.all(
    each.map(({ user, one }) =>
      one.store(keep, inAnHour(), { accessToken: `access-${user}`, refreshToken: `re-${user}` }),
    ),
  );
  return users;
}

/** All rows without the columns that are sealed. */
export async function rest(store: keyof typeof TABLES): Promise<unknown[]> {
  const { rows } = await scene.database.client.query(
    `SELECT to_jsonb(t) - 'access_token' - 'refresh_token' - 'encrypted_value' - 'key_version'
       - 'encrypted_access_token' - 'encrypted_refresh_token' AS row
     FROM ${TABLES[store]} AS t ORDER BY 1`,
  );
  return rows.map(({ row }) => row);
}

/** The same of all stores. */
export async function allRest() {
  const all = [];
  for (const store of NAMES) all.push(await rest(store));
  return all;
}

/** What callers get for each user with these keys. */
export const tokensWith = (options: TokenKeepOptions, users: string[]) => {
  const keep = keepWith(options);
  const calls = users.flatMap((user) => storeCases(user).map((one) => one.valid(keep)));
  return Promise.all(calls);
};

/** Rotates all stores. */
export const rotate = (options: TokenKeepOptions = BOTH) => keepWith(options).rotate();

/** How the rows of a store were counted. */
export const counts = (store: string, counted: Partial<RotatedStore>) => ({
  store,
  key: store === 'vault' ? 'current' : '2',
  rows: 0,
  resealed: counted.rows ?? 0,
  from: {},
  plaintext: 0,
  unopened: 0,
  unwritten: 0,
  ...counted,
});
