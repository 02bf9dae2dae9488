/** Statements that are sent only where something is wrong with a table, or somebody looks for it. */

import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { createTokenKeep } from '../../dist/index.js';
import { KEY } from '../helpers/database';
import { expected } from './refreshes';

/** A tenant, a trigger that drops a write, and rows that occur twice; in an empty database. */
export async function driveRare(databaseUrl: string): Promise<void> {
  const keep = createTokenKeep({ databaseUrl, tokenkeepKey: KEY });
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await keep.migrate({ stores: ['zoho', 'calendar'] });
    const tenant = keep.forTenant('tenant');
    await tenant.calendar.saveCalendarTokens(randomUUID(), 'a', 'r', new Date(), null);
    await client.query(`
      CREATE FUNCTION drop_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      CREATE TRIGGER drops BEFORE INSERT ON oauth_tokens
        FOR EACH ROW EXECUTE FUNCTION drop_row()`);
    await keep.zoho.storeTokens('client', 'zoho_crm', { refreshToken: 'r' }).catch(expected);
    await client.query(`
      DROP TRIGGER drops ON oauth_tokens;
      DROP INDEX oauth_tokens_client_provider_unique;
      INSERT INTO oauth_tokens (client_id, provider, refresh_token)
        VALUES ('twice', 'p', 'r'), ('twice', 'p', 'r')`);
    await keep.migrate({ stores: ['zoho'], keep: 'newest' });
  } finally {
    await client.end();
    await keep.close();
  }
}
