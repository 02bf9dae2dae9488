/** A file system of a few megabytes, and a database in it. Only root can mount one. */

import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdtempSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Database, startPostgres } from '../../../support/postgres.mjs';

const MEGABYTES = 16;

export class SmallDisk {
  readonly #server: Database;
  readonly #folder: string;
  readonly #ballast: string;
  readonly client: pg.Client;
  readonly url: string;

  private constructor(server: Database, folder: string, url: string) {
    this.#server = server;
    this.#folder = folder;
    this.#ballast = join(folder, 'ballast');
    this.url = url;
    this.client = new pg.Client(url);
    this.client.on('error', () => {});
  }

  /** Mounts it, and makes the database; the server's log of changes is elsewhere. */
  static async make(): Promise<SmallDisk> {
    const server = await startPostgres();
    const folder = mkdtempSync(join(tmpdir(), 'tokenkeep-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${MEGABYTES}m`, 'tokenkeep', folder]);
    const { uid, gid } = statSync(server.dataDirectory!);
    chownSync(folder, uid, gid);
    const url = Object.assign(new URL(server.url), { pathname: '/small' });
    const disk = new SmallDisk(server, folder, url.href);
    const administrator = new pg.Client(server.url);
    await administrator.connect();
    await administrator.query(`CREATE TABLESPACE small LOCATION '${folder}'`);
    await administrator.query('CREATE DATABASE small TABLESPACE small');
    await administrator.end();
    await disk.client.connect();
    return disk;
  }

  /** Fills it to the last byte. */
  fill(): void {
    const chunk = Buffer.alloc(64 * 1024);
    try {
      for (;;) appendFileSync(this.#ballast, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  /** Makes room again. */
  empty(): void {
    rmSync(this.#ballast, { force: true });
  }

  async remove(): Promise<void> {
    await this.client.end();
    await this.#server.stop();
    execFileSync('umount', [this.#folder]);
    rmdirSync(this.#folder);
  }
}
