/** A PostgreSQL with TLS, and the certificates that it may show. */

import { chmodSync, chownSync, cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Database, startPostgres } from '../../support/postgres.mjs';

const certificates = join(import.meta.dirname, 'certificates');

/** The path of a file of ours. */
export const file = (name: string) => join(certificates, name);
export const text = (name: string) => readFileSync(file(name), 'utf8');

/** What a server may show. */
export type Shown = 'server' | 'expired' | 'future';

export class TlsServer {
  readonly #server: Database;
  readonly #folder: string;

  private constructor(server: Database, folder: string) {
    this.#server = server;
    this.#folder = folder;
  }

  static async start(): Promise<TlsServer> {
    const folder = mkdtempSync(join(tmpdir(), 'tokenkeep-tls-'));
    const server = await startPostgres();
    cpSync(certificates, folder, { recursive: true });
    const { uid, gid } = statSync(server.dataDirectory!);
    chmodSync(folder, 0o755);
    for (const name of ['server', 'expired', 'future']) {
      // PostgreSQL takes no key that others may read.
      chmodSync(join(folder, `${name}.key`), 0o600);
      chownSync(join(folder, `${name}.key`), uid, gid);
    }
    const started = new TlsServer(server, folder);
    await started.set({ ssl_ca_file: join(folder, 'authority.pem') });
    await started.show('server');
    await started.set({ ssl: 'on' });
    return started;
  }

  /** Such as 18. */
  get major(): number {
    return Number.parseInt(this.#server.version);
  }

  /** A URL that reaches it; by default by the name that its certificate is for. */
  url(query: Record<string, string> = {}, host = 'localhost'): string {
    const url = new URL(this.#server.url);
    url.hostname = host;
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url.href.replaceAll('+', '%20');
  }

  async show(name: Shown): Promise<void> {
    const path = (kind: string) => join(this.#folder, `${name}.${kind}`);
    await this.set({ ssl_cert_file: path('pem'), ssl_key_file: path('key') });
  }

  async set(settings: Record<string, string>): Promise<void> {
    const client = new pg.Client({ connectionString: this.#server.url, ssl: false });
    await client.connect();
    for (const [name, value] of Object.entries(settings)) {
      await client.query(`ALTER SYSTEM SET ${name} = ${pg.escapeLiteral(value)}`);
    }
    await client.query('SELECT pg_reload_conf()');
    await client.end();
    // The server's first process reads its settings in its own time.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }

  /** Lets nobody in over TLS who shows no certificate. */
  async askForCertificates(): Promise<void> {
    const path = join(this.#server.dataDirectory!, 'pg_hba.conf');
    const rules = readFileSync(path, 'utf8');
    writeFileSync(path, 'hostssl all all 127.0.0.1/32 cert\nhostssl all all ::1/128 cert\n');
    appendFileSync(path, rules);
    await this.set({});
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
