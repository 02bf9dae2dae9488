/** An application whose own service keeps Zoho tokens in plaintext: database, clients and Zoho. */

import { schema } from '../../../support/old-zoho/index.mjs';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../../helpers/database';
import { makeTables } from '../../helpers/tables';
import { type Environment, type Process, type Side, startProcess } from '../../zoho/processes';
import { CREDENTIALS } from '../../zoho/scene';
import { DropInApplication } from './application';

/** The row of a client, as the database has it. */
export interface StoredRow {
  id: string;
  client_id: string;
  access_token: string | null;
  refresh_token: string;
  scopes: string | null;
  metadata: Record<string, unknown> | null;
  invalid_since?: Date | null;
}

export class ZohoApplication extends DropInApplication<Process, TestDatabase> {
  #clients = 0;

  /** With the table as the application's migration made it. */
  static async start(): Promise<ZohoApplication> {
    const database = await emptyDatabase();
    await makeTables(database, schema);
    await database.client.query(schema.UNIQUE_INDEX);
    // As Zoho does: a refresh token stays the same.
    return new ZohoApplication(database, await startTokenEndpoint({ rotate: false }));
  }

  /** A process, configured by its environment as an application's is. */
  async process(side: Side, env: Environment = {}): Promise<Process> {
    const started = await startProcess(side, {
      DATABASE_URL: this.database.url,
      ...(side === 'old'
        ? { OLD_ZOHO_TOKEN_URL: this.provider.url }
        : { TOKENKEEP_KEY: KEY, TOKENKEEP_ZOHO_TOKEN_URL: this.provider.url }),
      ...env,
    });
    return this.started(started);
  }

  /** A client of the application, connected by a process. */
  async connect(by: Process, id = `client-${++this.#clients}`) {
    const grant = { ...this.provider.issue(), expiresIn: 3_600, scopes: 'ZohoCRM.modules.ALL' };
    await by.call('storeTokens', id, 'zoho_crm', grant);
    return { id, ...grant };
  }

  /** What so many callers at once of a process get. */
  call(process: Process, id: string, callers = 1): Promise<unknown[]> {
    return process.calls(callers, 'getAccessToken', id, 'zoho_crm', CREDENTIALS);
  }

  async rows(): Promise<StoredRow[]> {
    const sql = 'SELECT * FROM oauth_tokens ORDER BY client_id';
    return (await this.database.client.query(sql)).rows;
  }

  /** Every access token runs out. */
  async twoHoursPass(): Promise<void> {
    await this.database.client.query(
      `UPDATE oauth_tokens SET token_expiry = token_expiry - interval '2 hours'`,
    );
  }

  /** The user takes a minute to find that the grant has died. */
  async aMinutePassesSinceDeath(): Promise<void> {
    await this.database.client.query(
      `UPDATE oauth_tokens SET invalid_since = invalid_since - interval '1 minute',
         updated_at = updated_at - interval '1 minute' WHERE invalid_since IS NOT NULL`,
    );
  }
}
