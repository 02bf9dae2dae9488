/** Every function of every store. */

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createTokenKeep, type TokenKeep, type TokenKeepOptions } from '../../dist/index.js';
import { expireToken } from '../../dist/testing/index.js';
import { optionsFor } from '../testing/instance';
import { storeCases } from '../testing/stores';
import { driveConnections } from './connections';
import { driveRefreshes, expected, type Stage } from './refreshes';

const inAnHour = () => new Date(Date.now() + 3_600_000);
const credentials = { clientId: 'client', clientSecret: 'secret' };

/** Many keys at once: they are read together. */
const many = (call: (id: string) => Promise<unknown>) =>
  Promise.allSettled(Array.from({ length: 40 }, (_, index) => call(`${index + 1}`)));

async function driveGmail({ gmail }: TokenKeep, userId: string): Promise<void> {
  await gmail.getGmailTokenDecrypted(userId);
  await gmail.getValidGmailToken(userId);
  await many(gmail.hasActiveGmailConnection);
  await gmail.deleteGmailTokens(userId);
}

async function driveZoho(stage: Stage, userId: string): Promise<void> {
  const { keep, endpoint } = stage;
  await many((client) => keep.zoho.hasToken(client, 'zoho_crm'));
  await many((client) => keep.zoho.hasToken(client, client));
  // Two refresh tokens of the environment: the first for a new client, the second for a dead grant.
  const client = randomUUID();
  const call = async (zohoRefreshToken: string) => {
    const seeded = createTokenKeep(optionsOf(stage, { zohoRefreshToken }));
    await seeded.zoho.getAccessToken(client, 'zoho_crm', credentials).catch(expected);
    await seeded.close();
  };
  endpoint.script([{ error: 'invalid_code' }]);
  await call(endpoint.issue().refreshToken);
  await call(endpoint.issue().refreshToken);
  await keep.zoho.storeTokens(userId, 'zoho_crm', { refreshToken: 'refresh' });
}

async function driveVault({ keep, testUrl }: Stage, tenantId: string): Promise<void> {
  const { vault } = keep;
  await many(() => vault.getToken(randomUUID(), 'google', 'access_token'));
  await many((account) => vault.getAccessToken(tenantId, 'google', account, 5, { refresh: true }));
  await vault.getRefreshToken(tenantId, 'google');
  await vault.getAccessToken(tenantId, 'google');
  await expireToken(testUrl, { store: 'vault', tenantId, provider: 'google' });
  await vault.getAccessToken(tenantId, 'google');
  await vault.findExpiringTokens(30);
  await vault.storeToken(tenantId, 'nobody', 'api_key', { value: 'key' }).catch(expected);
  const id = await vault.storeToken(tenantId, 'icount', 'api_key', { value: 'key' });
  await vault.markTokenInvalid(id, 'refused');
  await vault.deleteToken(id);
  await vault.deleteProviderTokens(tenantId, 'google');
}

async function driveCalendar({ calendar }: TokenKeep, userId: string): Promise<void> {
  await many(() => calendar.getCalendarTokens(randomUUID()));
  await calendar.getCredentialsForUser(userId);
  await calendar.deleteCalendarTokens(userId);
}

async function driveIntegration({ keep, endpoint, testUrl }: Stage, userId: string): Promise<void> {
  const { integration } = keep;
  await many((user) => integration.getToken(user, 'acme'));
  await many((user) => integration.getToken(user, user));
  const soon = { ...endpoint.issue(), expiresAt: new Date(Date.now() + 400_000) };
  await integration.storeToken(userId, 'google', soon);
  endpoint.script([{ status: 503 }]);
  // What has failed is claimed in another way.
  for (let run = 0; run < 2; run++) await integration.refreshExpiring({ expiresWithin: 900_000 });
  await integration.getValidToken(userId, 'google');
  await integration.connectionStatus(userId, 'google');
  await expireToken(testUrl, { store: 'integration', userId, provider: 'google' });
  endpoint.script([{ status: 400, body: { error: 'invalid_scope' } }]);
  await integration.connectionStatus(userId, 'google');
  await integration.revoke(userId, 'google');
  const response = { access_token: 'access', refresh_token: endpoint.issue().refreshToken };
  await integration.storeTokenResponse(userId, 'kept', response, { metadata: { own: 1 } });
  await integration.getValidToken(userId, 'kept', { forceRefresh: true });
}

/** What an operator brings back. */
async function driveRevive(stage: Stage): Promise<void> {
  const keep = createTokenKeep(optionsOf(stage));
  for (const store of ['zoho', 'vault', 'integration'] as const) await keep.revive({ store });
  await keep.close();
}

/** What is sealed in plaintext again. */
async function driveUnseal(stage: Stage): Promise<void> {
  const { keep } = stage;
  const userId = randomUUID();
  await keep.zoho.storeTokens(userId, 'zoho_crm', { refreshToken: 'refresh' });
  await keep.calendar.saveCalendarTokens(userId, 'access', 'refresh', inAnHour(), null);
  const token = { accessToken: 'access', refreshToken: 'refresh', expiresAt: inAnHour() };
  await keep.integration.storeToken(userId, 'google', token);
  const reading = createTokenKeep(optionsOf(stage, { sealing: 'off' }));
  for (const store of ['zoho', 'calendar', 'integration'] as const) await reading.unseal({ store });
  await reading.close();
}

/** What another key has sealed, one row of each store under a lease. */
async function driveRotate(stage: Stage): Promise<void> {
  const userId = randomUUID();
  const key = '44'.repeat(32);
  const secret = '4'.repeat(32);
  const sealed = { tokenkeepKey: `2:${key}`, gmailEncryptionKey: `2:${key}` };
  const sealing = createTokenKeep(optionsOf(stage, { ...sealed, encryptionSecret: secret }));
  for (const one of storeCases(userId)) await one.store(sealing, inAnHour());
  await sealing.close();
  const client = new pg.Client(stage.testUrl);
  await client.connect();
  for (const [table, column] of Object.entries(LEASED)) {
    const lease = `UPDATE ${table} SET refreshing_at = now() WHERE ${column} = $1`;
    await client.query(lease, [userId]);
  }
  await client.end();
  const { gmailEncryptionKey, tokenkeepKey } = optionsOf(stage);
  const rotating = createTokenKeep(
    optionsOf(stage, {
      gmailEncryptionKey: `1:${gmailEncryptionKey},2:${key}`,
      tokenkeepKey: `1:${tokenkeepKey},2:${key}`,
      encryptionSecretPrevious: secret,
      limitsDivisor: 10,
    }),
  );
  await rotating.rotate();
  await rotating.close();
}

const LEASED = {
  gmail_tokens: 'user_id',
  oauth_tokens: 'client_id',
  token_vault: 'tenant_id',
  google_calendar_tokens: 'user_id',
  integration_tokens: 'user_id',
};

/** Everything; `userId` is, in the vault, a tenant with many rows. */
export async function driveAll(stage: Stage, userId: string): Promise<void> {
  await driveRefreshes(stage, userId);
  await driveGmail(stage.keep, userId);
  await driveZoho(stage, userId);
  await driveVault(stage, userId);
  await driveCalendar(stage.keep, userId);
  await driveIntegration(stage, userId);
  await driveConnections(stage);
  await driveUnseal(stage);
  await driveRevive(stage);
  await driveRotate(stage);
}

/** Every store's settings; the endpoint stands for all providers. */
export function optionsOf(
  { databaseUrl, endpoint }: Pick<Stage, 'databaseUrl' | 'endpoint'>,
  options: TokenKeepOptions = {},
): TokenKeepOptions {
  return {
    ...optionsFor(databaseUrl, endpoint),
    googleRevocationUrl: endpoint.url,
    providers: {
      // Its metadata is written with the tokens.
      kept: {
        tokenUrl: endpoint.url,
        clientId: 'client',
        clientSecret: 'secret',
        metadata: { type: '/token_type' },
      },
    },
    googleOauthRedirectUri: 'http://127.0.0.1:1/callback',
    ...options,
  };
}
