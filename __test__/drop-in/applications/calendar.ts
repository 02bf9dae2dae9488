/** An application whose own program keeps calendar tokens in plaintext: database, users and Google. */

import type { TokenKeep } from '../../../dist/index.js';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { KEY } from '../../helpers/database';
import { type Environment, Process as AnyProcess, type Side } from '../processes/processes';
import { type Supabase, supabaseDatabase } from '../../helpers/supabase';
import { DropInApplication } from './application';

export type Process = AnyProcess<TokenKeep['calendar']>;

const HOUR_MS = 3_600_000;
export const SCOPES = ['https://www.googleapis.com/auth/calendar.events'];

/** The row of a user, as the database has it. */
export interface StoredRow {
  user_id: string;
  access_token: string;
  refresh_token: string;
  token_expiry: Date | null;
  scopes: string[] | null;
  updated_at: Date;
}

export class CalendarApplication extends DropInApplication<Process, Supabase> {
  static async start(): Promise<CalendarApplication> {
    // As Google does: a refresh token stays the same.
    const google = await startTokenEndpoint({ rotate: false });
    return new CalendarApplication(await supabaseDatabase(), google);
  }

  /** A process, configured by its environment as an application's is. */
  async process(side: Side, env: Environment = {}): Promise<Process> {
    const { url, serviceUrl, serviceRole } = this.database;
    const started: Process = await AnyProcess.start('calendar.mjs', side, {
      ...(side === 'old'
        ? {
            DATABASE_URL: url,
            OLD_SERVICE_ROLE: serviceRole,
            OLD_GOOGLE_TOKEN_URL: this.provider.url,
          }
        : {
            DATABASE_URL: serviceUrl,
            TOKENKEEP_KEY: KEY,
            GOOGLE_CLIENT_ID: 'client',
            GOOGLE_CLIENT_SECRET: 'secret',
            TOKENKEEP_GOOGLE_TOKEN_URL: this.provider.url,
          }),
      ...env,
    });
    return this.started(started);
  }

  /** A user of the application, connected by a process. */
  async connect(by: Process, userId?: string): Promise<string> {
    const id = userId ?? (await this.database.user());
    const { accessToken, refreshToken } = this.provider.issue();
    const expiry = new Date(Date.now() + HOUR_MS);
    await by.call('saveCalendarTokens', id, accessToken, refreshToken, expiry, SCOPES);
    return id;
  }

  /** The access tokens that so many callers at once of a process get. */
  async call(process: Process, id: string, callers = 1): Promise<unknown[]> {
    const given = await process.calls(callers, 'getCredentialsForUser', id);
    return given.map((credentials) => {
      if (credentials === null || typeof credentials === 'string') return credentials;
      const { token, access_token } = credentials as Record<string, string>;
      return process.side === 'old' ? token : access_token;
    });
  }

  async rows(): Promise<StoredRow[]> {
    const sql = 'SELECT * FROM google_calendar_tokens ORDER BY user_id';
    return (await this.database.client.query(sql)).rows;
  }

  /** Every access token runs out, or that of one user. */
  async twoHoursPass(userId?: string): Promise<void> {
    await this.database.client.query(
      `UPDATE google_calendar_tokens SET token_expiry = token_expiry - interval '2 hours'
       WHERE user_id = coalesce($1, user_id)`,
      [userId],
    );
  }
}
