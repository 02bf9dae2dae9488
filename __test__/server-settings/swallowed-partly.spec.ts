/** A part of what is written is dropped, or the row of another user looks the same. */

import { expect, it } from 'vitest';
import type { TokenKeep, TokenkeepEvent } from '../../dist/index.js';
import { until } from '../helpers/promises';
import { useScene } from './scene';

const scene = useScene();
const TENANT = '00000000-0000-4000-8000-000000000001';
const IN_AN_HOUR = new Date(Date.now() + 3_600_000);

async function trigger(table: string, body: string): Promise<void> {
  await scene.sql(`CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN ${body} RETURN NEW; END $$;
    CREATE TRIGGER changes BEFORE UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION change()`);
}

/** An access token that has run out, and its refresh token. */
async function storePair({ vault }: TokenKeep): Promise<void> {
  const { accessToken, refreshToken } = scene.endpoint.issue();
  const expiresAt = new Date(Date.now() - 60_000);
  const access = { value: accessToken, expiresAt };
  await vault.storeToken(TENANT, 'google', 'access_token', access);
  await vault.storeToken(TENANT, 'google', 'refresh_token', { value: refreshToken });
}

it.each(['access_token', 'refresh_token'])(
  'the rotated refresh token is stored when a trigger drops the write of the %s for a while',
  async (type) => {
    await scene.migrate();
    const keep = scene.keep();
    await storePair(keep);
    await trigger(
      'token_vault',
      `IF NEW.token_type = '${type}' AND NEW.encrypted_value <> OLD.encrypted_value THEN
         RETURN NULL; END IF;`,
    );
    const before = (await keep.vault.getRefreshToken(TENANT, 'google'))?.value;
    const refresh = { refresh: true };
    expect(await keep.vault.getAccessToken(TENANT, 'google', undefined, 5, refresh)).not.toBeNull();
    await scene.sql('DROP FUNCTION change CASCADE');
    await until(async () => {
      const now = await keep.vault.getRefreshToken(TENANT, 'google');
      return now !== null && now.value !== before;
    });
    expect(scene.endpoint.requests).toHaveLength(1);
  },
);

it('a caller has its token although nothing is found that drops the commit', async () => {
  await scene.migrate();
  await scene.sql(`ALTER TABLE gmail_tokens RENAME TO old;
    CREATE TABLE gmail_tokens (LIKE old INCLUDING DEFAULTS, UNIQUE (user_id))
      PARTITION BY HASH (user_id);
    CREATE TABLE part PARTITION OF gmail_tokens FOR VALUES WITH (MODULUS 1, REMAINDER 0)`);
  const events: TokenkeepEvent[] = [];
  const keep = scene.keep({ waitMs: 10_000, onEvent: (event) => void events.push(event) });
  await scene.gmailUser(keep);
  // On the partition, which the search does not look at.
  await trigger(
    'part',
    'IF NEW.encrypted_access_token <> OLD.encrypted_access_token THEN RETURN NULL; END IF;',
  );
  expect(await keep.gmail.getValidGmailToken('user')).toHaveProperty('accessToken');
  expect(scene.endpoint.requests).toHaveLength(1);
  await scene.sql('DROP FUNCTION change CASCADE');
  await until(() => events.some(({ type }) => type === 'refresh.end'));
});

it('nobody else is disconnected, whom a collation takes for the same', async () => {
  await scene.migrate();
  await scene.sql(`
    CREATE COLLATION same_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    ALTER TABLE gmail_tokens ALTER user_id TYPE text COLLATE same_case;
    ALTER TABLE integration_tokens ALTER user_id TYPE text COLLATE same_case`);
  const { gmail, integration } = scene.keep();
  const tokens = { accessToken: 'a', refreshToken: 'r', expiresAt: IN_AN_HOUR };
  await gmail.upsertGmailTokens({ userId: 'User', tenantId: 't', ...tokens, scope: '' });
  await integration.storeToken('User', 'google', { ...tokens, scopes: [] });
  await gmail.deleteGmailTokens('user');
  await integration.revoke('user', 'google');
  expect(await scene.sql('SELECT user_id FROM gmail_tokens')).toHaveLength(1);
  expect(await scene.sql('SELECT user_id FROM integration_tokens')).toHaveLength(1);
});
