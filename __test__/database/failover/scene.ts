/** What a test of a failover needs: two servers with a table, an endpoint, users and processes. */

import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import { type TokenKeep, type TokenKeepOptions, createTokenKeep } from '../../../dist/index.js';
import { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import { KEY } from '../../helpers/database';
import { Pair } from './pair';
import { type Plan, Traffic } from './traffic';

export const PROVIDER = 'acme';

export class Scene {
  pair!: Pair;
  endpoint!: Awaited<ReturnType<typeof startTokenEndpoint>>;
  #keeps: TokenKeep[] = [];
  #processes: Traffic[] = [];

  /** The options of an instance at this URL. */
  options(databaseUrl: string, options: TokenKeepOptions = {}): TokenKeepOptions {
    return {
      databaseUrl,
      tokenkeepKey: KEY,
      providers: {
        [PROVIDER]: { tokenUrl: this.endpoint.url, clientId: 'client', clientSecret: 'secret' },
      },
      ...options,
    };
  }

  /** An instance, closed after the test. */
  keep(databaseUrl: string, options?: TokenKeepOptions): TokenKeep {
    const keep = createTokenKeep(this.options(databaseUrl, options));
    this.#keeps.push(keep);
    return keep;
  }

  /** A process, ended after the test. */
  async traffic(plan: Plan): Promise<Traffic> {
    const traffic = await Traffic.begin(plan);
    this.#processes.push(traffic);
    return traffic;
  }

  /** Connected users with an hour left, and the tokens that they began with. */
  async users(count: number): Promise<Map<string, string>> {
    const keep = this.keep(this.pair.primary.url);
    const users = new Map<string, string>();
    while (users.size < count) {
      const [user, issued] = [randomUUID(), this.endpoint.issue()];
      const expiresAt = new Date(Date.now() + 3_600_000);
      await keep.integration.storeToken(user, PROVIDER, { ...issued, expiresAt, scopes: [] });
      users.set(user, issued.refreshToken);
    }
    return users;
  }

  async open(): Promise<void> {
    this.pair = await Pair.start();
    this.endpoint = await startTokenEndpoint();
    await this.keep(this.pair.primary.url).migrate({ stores: ['integration'] });
  }

  async close(): Promise<void> {
    for (const process of this.#processes.splice(0)) process.kill();
    await Promise.all(this.#keeps.splice(0).map((keep) => keep.close({ timeoutMs: 0 })));
    await this.endpoint.close();
    await this.pair.stop();
  }
}

/** A scene for each test: a server that was killed is of no use to the next one. */
export function usePair(): Scene {
  const scene = new Scene();
  beforeEach(() => scene.open());
  afterEach(() => scene.close());
  return scene;
}
