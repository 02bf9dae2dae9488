/** Triggers and rules that drop a write, or change it, and tell nobody. */

import { describe, expect, it } from 'vitest';
import type { TokenkeepEvent } from '../../dist/index.js';
import { examine, on } from '../doctor/doctor';
import { failureOf, until } from '../helpers/promises';
import { tokensOf } from '../helpers/rows';
import { useScene } from './scene';
import { TABLES } from '../helpers/tables';

const scene = useScene();
const TENANT = '00000000-0000-4000-8000-000000000001';
const IN_AN_HOUR = new Date(Date.now() + 3_600_000);

/** A trigger that runs before each row of a table is written. */
async function trigger(table: string, event: string, body: string): Promise<void> {
  await scene.sql(`CREATE FUNCTION change_${table}() RETURNS trigger LANGUAGE plpgsql
      AS $$ BEGIN ${body} END $$;
    CREATE TRIGGER changes BEFORE ${event} ON ${table}
      FOR EACH ROW EXECUTE FUNCTION change_${table}()`);
}

const swallowed = (name = 'the trigger changes') => ({
  code: 'ERR_TOKENKEEP_SCHEMA',
  message: expect.stringContaining(name),
});
const changed = {
  code: 'ERR_TOKENKEEP_SCHEMA',
  message: expect.stringContaining('a different row than requested'),
};

/** Stores something new in each store. */
function stores(userId = 'User') {
  const { gmail, zoho, vault, calendar, integration } = scene.keep();
  const tokens = { accessToken: 'access', refreshToken: 'refresh', expiresAt: IN_AN_HOUR };
  return {
    gmail: () => gmail.upsertGmailTokens({ userId, tenantId: 't', ...tokens, scope: '' }),
    zoho: () => zoho.storeTokens(userId, 'zoho_crm', { refreshToken: 'refresh' }),
    vault: () =>
      vault.storeToken(TENANT, 'google', 'refresh_token', { value: 'refresh', identifier: userId }),
    calendar: () => calendar.saveCalendarTokens(TENANT, 'access', 'refresh', IN_AN_HOUR, []),
    integration: () => integration.storeToken(userId, 'google', { ...tokens, scopes: [] }),
  };
}

describe.each(Object.entries(TABLES) as [keyof typeof TABLES, string][])('%s', (store, table) => {
  it('a new row, or a newer one, that a trigger drops is no success', async () => {
    await scene.migrate();
    const store_ = stores()[store];
    await trigger(table, 'INSERT', 'RETURN NULL;');
    await expect(store_()).rejects.toMatchObject(swallowed());
    await scene.sql(`DROP TRIGGER changes ON ${table}`);
    await store_();
    await scene.sql(`CREATE TRIGGER changes BEFORE UPDATE ON ${table}
      FOR EACH ROW EXECUTE FUNCTION change_${table}()`);
    await expect(store_()).rejects.toMatchObject(swallowed());
  });

  it('a row whose key or token a trigger changes is not stored', async () => {
    await scene.migrate();
    const columns = {
      gmail: ['user_id', 'encrypted_access_token'],
      zoho: ['client_id', 'refresh_token'],
      vault: ['identifier', 'encrypted_value'],
      calendar: ['access_token', 'refresh_token'],
      integration: ['provider', 'access_token'],
    };
    for (const column of columns[store]) {
      const body = `NEW.${column} := 'x' || NEW.${column}; RETURN NEW;`;
      await trigger(table, 'INSERT OR UPDATE', body);
      await expect(stores()[store](), column).rejects.toMatchObject(changed);
      expect(await scene.sql(`SELECT FROM ${table}`)).toEqual([]);
      await scene.sql(`DROP FUNCTION change_${table} CASCADE`);
    }
  });
});

describe('a lease', () => {
  it('that a trigger drops is an error at once, and nothing is sent', async () => {
    await scene.migrate();
    const keep = scene.keep();
    await scene.gmailUser(keep);
    await trigger('gmail_tokens', 'UPDATE', 'RETURN NULL;');
    await expect(keep.gmail.getValidGmailToken('user')).rejects.toMatchObject(swallowed());
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('that a rule drops is, too', async () => {
    await scene.migrate();
    const keep = scene.keep();
    await scene.gmailUser(keep);
    await scene.sql('CREATE RULE nothing AS ON UPDATE TO gmail_tokens DO INSTEAD NOTHING');
    const failure = await failureOf(keep.gmail.getValidGmailToken('user'));
    expect(failure.code).toMatch(/^ERR_TOKENKEEP_(SCHEMA|DATABASE)$/);
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('that a trigger frees, or a key that it changes, is an error before anything is sent', async () => {
    await scene.migrate();
    const keep = scene.keep();
    await scene.gmailUser(keep, 'User');
    for (const change of ['NEW.refreshing_at := NULL', 'NEW.user_id := lower(NEW.user_id)']) {
      await trigger('gmail_tokens', 'UPDATE', `${change}; RETURN NEW;`);
      await expect(keep.gmail.getValidGmailToken('User')).rejects.toMatchObject(changed);
      await scene.sql('DROP FUNCTION change_gmail_tokens CASCADE');
    }
    expect(scene.endpoint.requests).toHaveLength(0);
    expect(await keep.gmail.hasActiveGmailConnection('User')).toBe(true);
    await keep.gmail.getValidGmailToken('User');
  });

  it('that somebody else takes and gives back is waited for: a harmless trigger is no reason', async () => {
    await scene.migrate();
    const keep = scene.keep();
    await scene.gmailUser(keep);
    await trigger('gmail_tokens', 'UPDATE', 'NEW.scope := NEW.scope; RETURN NEW;');
    const token = await keep.gmail.getValidGmailToken('user');
    expect(await tokensOf(scene.database, 'user')).toMatchObject({
      accessToken: token.accessToken,
    });
  });
});

describe('refreshed tokens that a trigger keeps from being stored', () => {
  it.each([
    ['drops', 'RETURN NULL;', 'the trigger changes'],
    ['changes', "NEW.encrypted_access_token := 'x'; RETURN NEW;", 'not the one'],
  ])('%s: they are returned, and stored once it is gone', async (_, body, said) => {
    await scene.migrate();
    const events: TokenkeepEvent[] = [];
    const keep = scene.keep({ onEvent: (event) => void events.push(event) });
    await scene.gmailUser(keep);
    const isCommit = 'NEW.encrypted_access_token <> OLD.encrypted_access_token';
    await trigger('gmail_tokens', 'UPDATE', `IF ${isCommit} THEN ${body} END IF; RETURN NEW;`);
    const token = await keep.gmail.getValidGmailToken('user');
    expect(await tokensOf(scene.database, 'user')).not.toMatchObject({
      refreshToken: token.refreshToken,
    });
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'commit.retry', code: 'ERR_TOKENKEEP_SCHEMA' }),
    );
    await scene.sql('DROP FUNCTION change_gmail_tokens CASCADE');
    await until(async () => {
      const stored = await tokensOf(scene.database, 'user');
      return stored?.refreshToken === token.refreshToken;
    });
    expect(scene.endpoint.requests, said).toHaveLength(1);
  });

  it('are no success of the vault, either', async () => {
    await scene.migrate();
    const { vault } = scene.keep();
    const { accessToken, refreshToken } = scene.endpoint.issue();
    const expiresAt = new Date(Date.now() - 60_000);
    await vault.storeToken(TENANT, 'google', 'access_token', { value: accessToken, expiresAt });
    await vault.storeToken(TENANT, 'google', 'refresh_token', { value: refreshToken });
    const isCommit = 'NEW.encrypted_value <> OLD.encrypted_value';
    await trigger('token_vault', 'UPDATE', `IF ${isCommit} THEN RETURN NULL; END IF; RETURN NEW;`);
    const found = await vault.getAccessToken(TENANT, 'google', undefined, 5, { refresh: true });
    expect(found?.token.value).toMatch(/^access/);
    await scene.sql('DROP FUNCTION change_token_vault CASCADE');
    await until(async () => {
      const stored = await scene.keep().vault.getAccessToken(TENANT, 'google');
      return stored?.token.value === found?.token.value;
    });
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});

describe('a row that a trigger does not let be deleted', () => {
  it('is not said to be deleted', async () => {
    await scene.migrate();
    const keep = scene.keep();
    const store = stores('user');
    await Promise.all([store.gmail(), store.calendar(), store.integration()]);
    for (const table of ['gmail_tokens', 'google_calendar_tokens', 'integration_tokens']) {
      await trigger(table, 'DELETE', 'RETURN NULL;');
    }
    await expect(keep.gmail.deleteGmailTokens('user')).rejects.toMatchObject(swallowed());
    await expect(keep.calendar.deleteCalendarTokens(TENANT)).rejects.toMatchObject(swallowed());
    await expect(keep.integration.revoke('user', 'google')).rejects.toMatchObject(swallowed());
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('when its grant is dead is an error, and the provider is not asked again and again', async () => {
    await scene.migrate();
    const keep = scene.keep();
    await scene.gmailUser(keep, 'other');
    await keep.gmail.getValidGmailToken('other');
    await scene.gmailUser(keep);
    scene.endpoint.requests.length = 0;
    scene.endpoint.script([{ error: 'invalid_grant' }, { error: 'invalid_grant' }]);
    await trigger('gmail_tokens', 'DELETE', 'RETURN NULL;');
    await expect(keep.gmail.getValidGmailToken('user')).rejects.toMatchObject(swallowed());
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});

describe('the doctor', () => {
  const look = async () => (await examine(on(scene.database))).check('gmail.triggers');

  it.each([
    ['RETURN NULL;', 'may drop a write'],
    [
      'IF NEW.user_id = OLD.user_id THEN NEW.refreshing_at = now(); END IF; RETURN NEW;',
      'sets refreshing_at',
    ],
    ['NEW."user_id" := lower(NEW.user_id); RETURN NEW;', 'sets user_id'],
  ])('warns of a trigger with %s', async (body, said) => {
    await scene.migrate();
    await trigger('gmail_tokens', 'UPDATE', body);
    const told = await look();
    expect(told).toMatchObject({ status: 'warning', found: expect.stringContaining(said) });
    expect(told!.found).toContain('changes (public.change_gmail_tokens)');
  });

  it('warns of a rule, and of what it cannot look into', async () => {
    await scene.migrate();
    await scene.sql('CREATE RULE nothing AS ON UPDATE TO gmail_tokens DO INSTEAD NOTHING');
    await scene.sql(`CREATE TRIGGER built_in BEFORE UPDATE ON gmail_tokens
      FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`);
    const told = await look();
    expect(told!.status).toBe('warning');
    expect(told!.found).toMatch(/the rule nothing .*built_in .*language/);
  });

  it('is content with one that only sets the time, or compares', async () => {
    await scene.migrate();
    expect(await look()).toMatchObject({ status: 'ok' });
    await trigger(
      'gmail_tokens',
      'UPDATE',
      `-- NEW.user_id := NULL; RETURN NULL;
       IF NEW.user_id = OLD.user_id THEN NEW.updated_at = now(); END IF; RETURN NEW;`,
    );
    await scene.sql(`CREATE TRIGGER off BEFORE UPDATE ON gmail_tokens
      FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
      ALTER TABLE gmail_tokens DISABLE TRIGGER off`);
    expect(await look()).toMatchObject({ status: 'ok', found: expect.stringContaining('changes') });
  });

  it.each([
    ['zoho', 'oauth_tokens'],
    ['integration', 'integration_tokens'],
  ])(
    'warns of a trigger that dates rows of %s, whose dead grants would come alive',
    async (store, table) => {
      await scene.migrate();
      await trigger(table, 'UPDATE', 'NEW.updated_at = now(); RETURN NEW;');
      const name = `${store}.triggers`;
      const dated = async () => (await examine(on(scene.database))).check(name);
      expect(await dated()).toMatchObject({
        status: 'warning',
        found: expect.stringContaining('sets updated_at'),
        fix: expect.stringContaining('dead grant'),
      });
      await scene.sql(`DROP TRIGGER changes ON ${table};
      CREATE TRIGGER dates BEFORE UPDATE OF access_token, refresh_token ON ${table}
        FOR EACH ROW EXECUTE FUNCTION change_${table}()`);
      expect(await dated()).toMatchObject({ status: 'ok' });
      await scene.sql(`CREATE EXTENSION IF NOT EXISTS moddatetime;
      CREATE TRIGGER moddatetime BEFORE UPDATE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION moddatetime(updated_at)`);
      expect(await dated()).toMatchObject({
        status: 'warning',
        found: expect.stringMatching(/moddatetime.* sets updated_at/),
      });
    },
  );
});
