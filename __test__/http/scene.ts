/** What a test of the routes needs: an application on loopback, Google in its place, a database. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import {
  createGoogleHandlers,
  type GoogleHandlers,
  type GoogleHandlersOptions,
  type NodeRequest,
  toNodeListener,
} from '../../dist/http/index.js';
import {
  createTokenKeep,
  type TokenKeep,
  type TokenKeepOptions,
  type TokenkeepEvent,
} from '../../dist/index.js';
import { type Google, startGoogle } from '../../support/google.mjs';
import { emptyDatabase, KEY, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { Visitor } from './visitor';

export const SECRET = 'the-secret-of-the-bot-that-nobody-else-has';

/** The user who is signed in, where the application is told so by a header. */
export const SIGNED_IN = 'x-signed-in';

export class Scene {
  database!: TestDatabase;
  google!: Google;
  keep!: TokenKeep;
  handlers!: GoogleHandlers<NodeRequest>;
  /** The application, where it is another one than just the handlers. */
  application: RequestListener | undefined;
  events: TokenkeepEvent[] = [];
  errors: unknown[] = [];
  origin = '';
  #server!: Server;
  #closing: (() => unknown)[] = [];

  /** Starts the application, and Google, which knows where it listens. */
  async start({ pages = false }: { pages?: boolean } = {}): Promise<void> {
    this.#server = createServer((request, response) =>
      (this.application ?? toNodeListener(this.handlers))(request, response),
    );
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    this.google = await startGoogle({ redirectUri: this.redirectUri, pages });
    this.keep = this.instance();
    this.handle();
  }

  get redirectUri(): string {
    return `${this.origin}/auth/google/callback`;
  }

  get options(): TokenKeepOptions {
    const { google } = this;
    return {
      databaseUrl: this.database.url,
      tokenkeepKey: KEY,
      googleClientId: google.clientId,
      googleClientSecret: google.clientSecret,
      googleAuthorizationUrl: google.authorizationUrl,
      googleTokenUrl: google.tokenUrl,
      googleRevocationUrl: google.revocationUrl,
      googleIssuer: google.issuer,
      googleOauthRedirectUri: this.redirectUri,
    };
  }

  /** An instance on this scene, closed after the test. */
  instance(options: TokenKeepOptions = {}): TokenKeep {
    const onEvent = (event: TokenkeepEvent): void => void this.events.push(event);
    const keep = createTokenKeep({ ...this.options, onEvent, ...options });
    this.#closing.push(() => keep.close({ timeoutMs: 1_000 }));
    return keep;
  }

  /** Serves with other options from now on. */
  handle(options: GoogleHandlersOptions<NodeRequest> = {}): void {
    this.handlers = createGoogleHandlers<NodeRequest>({
      keep: this.keep,
      connectSecret: SECRET,
      userId: (request) => request.headers.get(SIGNED_IN),
      onError: (error) => void this.errors.push(error),
      ...options,
    });
  }

  url(path: string): string {
    return `${this.origin}/auth/google/${path}`;
  }

  /** A link for a user, as the application's bot asks for it. */
  async link(userId: string, more = ''): Promise<string> {
    const response = await fetch(this.url(`connect?user_id=${userId}${more}`), {
      headers: { authorization: `Bearer ${SECRET}` },
    });
    const { auth_url: link } = (await response.json()) as { auth_url: string };
    return link;
  }

  /** Goes as far as where Google would send the browser back to. */
  async consent(userId: string, visitor = new Visitor()): Promise<{ visitor: Visitor; back: URL }> {
    const page = await visitor.open(await this.link(userId));
    const { url } = await visitor.press(page, { before: this.redirectUri });
    return { visitor, back: url };
  }

  /** Connects a user, as whoever is signed in at Google. */
  async connect(userId: string, visitor = new Visitor()) {
    return visitor.press(await visitor.open(await this.link(userId)));
  }

  async row(userId: string) {
    const sql = 'SELECT * FROM google_calendar_tokens WHERE user_id = $1';
    const { rows } = await this.database.client.query(sql, [userId]);
    return rows[0] as Record<string, unknown> | undefined;
  }

  async count(table: string): Promise<number> {
    const { rows } = await this.database.client.query(`SELECT count(*)::int AS n FROM ${table}`);
    return rows[0].n;
  }

  async end(): Promise<void> {
    for (const close of this.#closing.splice(0).reverse()) await close();
    await this.google.close();
    this.#server.closeAllConnections();
    this.#server.close();
    this.application = undefined;
    this.events = [];
    this.errors = [];
  }
}

export const someUser = () => randomUUID();

/** A scene for all tests of a file; application and Google anew for each. */
export function useScene(options: { pages?: boolean } = {}): Scene {
  const scene = new Scene();
  beforeAll(async () => {
    scene.database = await emptyDatabase();
    await migrateOn(scene.database, { stores: ['calendar', 'integration'] });
  });
  beforeEach(async () => {
    const { client } = scene.database;
    await client.query('DELETE FROM google_calendar_tokens');
    await client.query('DELETE FROM tokenkeep.oauth_state');
    await scene.start(options);
  });
  afterEach(() => scene.end());
  afterAll(() => scene.database.drop());
  return scene;
}
