/** An application whose own service keeps integration tokens in plaintext: database, users and Google. */

import type { TokenKeep } from '../../../dist/index.js';
import {
  type createOldIntegrationService,
  schema,
} from '../../../support/old-integration/index.mjs';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../../helpers/database';
import { makeTables } from '../../helpers/tables';
import { type Environment, Process as AnyProcess, type Side } from '../processes/processes';
import { DropInApplication } from './application';

type Old = ReturnType<typeof createOldIntegrationService>;
export type Process = AnyProcess<
  Pick<Old, 'get' | 'store' | 'revoke'> & Omit<TokenKeep['integration'], 'revoke'>
>;

const HOUR_MS = 3_600_000;
/** Those that the endpoint names in its answers, as Google does. */
export const SCOPES = ['https://www.googleapis.com/auth/gmail.readonly'];

/** One account of a user. */
export interface Account {
  userId: string;
  provider: string;
}

/** The row of an account, as the database has it. */
export interface StoredRow {
  user_id: string;
  provider: string;
  access_token: string;
  refresh_token: string | null;
  expires_at: Date;
  scopes: string[];
  failure_count?: number;
  invalid_since?: Date | null;
}

export class IntegrationApplication extends DropInApplication<Process, TestDatabase> {
  #users = 0;

  /** With the table as the application's migration made it. */
  static async start(): Promise<IntegrationApplication> {
    const database = await emptyDatabase();
    await makeTables(database, schema);
    // As Google does: a refresh token stays the same.
    return new IntegrationApplication(database, await startTokenEndpoint({ rotate: false }));
  }

  /** A process, configured by its environment as an application's is. */
  async process(side: Side, env: Environment = {}): Promise<Process> {
    const started: Process = await AnyProcess.start('integration.mjs', side, {
      DATABASE_URL: this.database.url,
      ...(side === 'old'
        ? { OLD_GOOGLE_TOKEN_URL: this.provider.url }
        : {
            TOKENKEEP_KEY: KEY,
            GOOGLE_CLIENT_ID: 'client',
            GOOGLE_CLIENT_SECRET: 'secret',
            TOKENKEEP_GOOGLE_TOKEN_URL: this.provider.url,
          }),
      ...env,
    });
    return this.started(started);
  }

  /** An account of the application, connected by a process. */
  async connect(by: Process, account?: Account): Promise<Account> {
    const connected = account ?? { userId: `user-${++this.#users}`, provider: 'google' };
    const { userId, provider } = connected;
    const issued = { ...this.provider.issue(), scopes: SCOPES };
    const expiresAt = Date.now() + HOUR_MS;
    const failed = await (by.side === 'old'
      ? by.call('store', userId, provider, { ...issued, expiresAt })
      : by.call('storeToken', userId, provider, { ...issued, expiresAt: new Date(expiresAt) }));
    if (failed) throw new Error(String(failed));
    return connected;
  }

  /** The access tokens that so many callers at once of a process get. */
  async call(process: Process, { userId, provider }: Account, callers = 1): Promise<string[]> {
    const given = await process.calls(callers, 'getValidToken', userId, provider);
    return given.map((token) =>
      typeof token === 'string' ? token : (token as { accessToken: string }).accessToken,
    );
  }

  async rows(): Promise<StoredRow[]> {
    const sql = 'SELECT * FROM integration_tokens ORDER BY user_id, provider';
    return (await this.database.client.query(sql)).rows;
  }

  /** Every access token runs out, or that of one user. */
  async twoHoursPass(userId?: string): Promise<void> {
    await this.database.client.query(
      `UPDATE integration_tokens SET expires_at = expires_at - interval '2 hours'
       WHERE user_id = coalesce($1, user_id)`,
      [userId],
    );
  }

  /** The user takes a minute to find that the grant has died. */
  async aMinutePassesSinceDeath(): Promise<void> {
    await this.database.client.query(
      `UPDATE integration_tokens SET invalid_since = invalid_since - interval '1 minute',
         updated_at = updated_at - interval '1 minute' WHERE invalid_since IS NOT NULL`,
    );
  }
}
