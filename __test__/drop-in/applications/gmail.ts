/** An application whose own service keeps Gmail tokens: its database, users and Google. */

import { createOldGmailService, migrate } from '../../../support/old-gmail/index.mjs';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { emptyDatabase, KEY, keepOn, type TestDatabase } from '../../helpers/database';
import { rowOf, SCOPE, tokensOf } from '../../helpers/rows';
import type { TokenKeepOptions } from '../../../dist/index.js';
import { Member } from '../processes/fleet.mjs';

const HOUR_MS = 3_600_000;

type Endpoint = Awaited<ReturnType<typeof startTokenEndpoint>>;
type Old = ReturnType<typeof createOldGmailService>;
type Keep = ReturnType<typeof keepOn>;

export class Application {
  readonly #closing: (() => unknown)[] = [];
  #users = 0;

  private constructor(
    readonly database: TestDatabase,
    readonly google: Endpoint,
  ) {}

  static async start(written: 'by hand' | 'generated' = 'by hand'): Promise<Application> {
    const database = await emptyDatabase();
    await migrate(database.url, written);
    await database.client.query(
      `INSERT INTO tenants VALUES ('tenant-1', 'One'), ('tenant-2', 'Two')`,
    );
    return new Application(database, await startTokenEndpoint());
  }

  async stop(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    await this.google.close();
    await this.database.drop();
  }

  /** The old service, in this process. */
  old(options: Partial<Parameters<typeof createOldGmailService>[0]> = {}): Old {
    const old = createOldGmailService({
      databaseUrl: this.database.url,
      encryptionKey: KEY,
      tokenUrl: this.google.url,
      clientId: 'old',
      clientSecret: 'secret',
      ...options,
    });
    this.#closing.push(old.close);
    return old;
  }

  /** tokenkeep, in this process. */
  keep(options: TokenKeepOptions = {}): Keep {
    const keep = keepOn(this.database, {
      googleTokenUrl: this.google.url,
      googleClientId: 'tokenkeep',
      ...options,
    });
    this.#closing.push(() => keep.close({ timeoutMs: 1_000 }));
    return keep;
  }

  /** A process of its own, configured by its environment as an application's is. */
  async process(side: 'old' | 'tokenkeep', env: Record<string, string> = {}): Promise<Member> {
    const member = await Member.start(side, {
      DATABASE_URL: this.database.url,
      GMAIL_ENCRYPTION_KEY: KEY,
      GOOGLE_CLIENT_ID: side,
      GOOGLE_CLIENT_SECRET: 'secret',
      OLD_GOOGLE_TOKEN_URL: this.google.url,
      TOKENKEEP_GOOGLE_TOKEN_URL: this.google.url,
      TOKENKEEP_MIXED_FLEET: '',
      ...env,
    });
    this.#closing.push(() => member.stop());
    return member;
  }

  /** A user of the application who has not connected Gmail. */
  async user(): Promise<string> {
    const id = `user-${++this.#users}`;
    await this.database.client.query(
      `INSERT INTO users VALUES ($1, 'tenant-1', $1 || '@example')`,
      [id],
    );
    return id;
  }

  /** What the application stores when `userId` has agreed at Google. */
  consent(userId: string, lifetimeMs = HOUR_MS) {
    const expiresAt = new Date(Date.now() + lifetimeMs);
    return { userId, tenantId: 'tenant-1', ...this.google.issue(), expiresAt, scope: SCOPE };
  }

  /** A user whom the old service has connected, and whose access token has run out. */
  async connectedUser(): Promise<string> {
    const userId = await this.user();
    await this.old().upsertGmailTokens(this.consent(userId, -HOUR_MS));
    return userId;
  }

  row = (userId: string) => rowOf(this.database, userId);
  tokens = (userId: string) => tokensOf(this.database, userId);

  /** Every token runs out; what was left in the rows grows as old. */
  async twoHoursPass(): Promise<void> {
    await this.database.client.query(
      `UPDATE gmail_tokens SET expires_at = expires_at - interval '2 hours',
         refreshing_at = refreshing_at - interval '2 hours',
         updated_at = updated_at - interval '2 hours'`,
    );
  }
}

/** All that the database says of the application's tables, to prove that nothing changed. */
export async function schemaOf({ client }: TestDatabase): Promise<Record<string, unknown[]>> {
  const of = async (sql: string) => (await client.query(sql)).rows;
  return {
    tables: await of(
      `SELECT relname, relkind, relowner, relacl, relrowsecurity, relforcerowsecurity FROM pg_class
       WHERE relnamespace = 'public'::regnamespace ORDER BY relname`,
    ),
    columns: await of(
      `SELECT attrelid::regclass::text AS table, attname, attnum, format_type(atttypid, atttypmod),
         attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute
       JOIN pg_class ON pg_class.oid = attrelid
       LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum > 0
         AND NOT attisdropped ORDER BY 1, 3`,
    ),
    constraints: await of(
      `SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
    ),
    indexes: await of(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`),
    policies: await of(`SELECT * FROM pg_policies ORDER BY policyname`),
    triggers: await of(`SELECT tgname FROM pg_trigger WHERE NOT tgisinternal`),
  };
}
