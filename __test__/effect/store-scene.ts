/** The token store in a test: users, tokens, refreshes. */

import { randomUUID } from 'node:crypto';
import type { Effect, Layer } from 'effect';
import type {
  IntegrationTokenStore,
  IntegrationTokenStoreService,
  StoredToken,
} from 'tokenkeep/effect';
import { type Setting, useMajor } from './majors';

/** An effect of the caller's that refreshes. */
export type RefreshFn = (refreshToken: string) => Effect.Effect<StoredToken, Error>;

type Store = Layer.Layer<IntegrationTokenStore>;

export class StoreScene {
  readonly setting: Setting;

  constructor(version: Parameters<typeof useMajor>[0]) {
    this.setting = useMajor(version);
  }

  get major() {
    return this.setting.major;
  }

  /** Uses a store: the default one. */
  withStore<A, E>(
    use: (store: IntegrationTokenStoreService) => Effect.Effect<A, E>,
    layer: Store = this.major.tokenkeep.IntegrationTokenStoreLive,
  ): Effect.Effect<A, E> {
    const { Effect, tokenkeep } = this.major;
    const used = Effect.gen(function* () {
      return yield* use(yield* tokenkeep.IntegrationTokenStore);
    });
    return Effect.provide(used, layer);
  }

  /** Uses it at once. */
  run<A>(use: (store: IntegrationTokenStoreService) => Effect.Effect<A>): Promise<A> {
    return this.major.Effect.runPromise(this.withStore(use));
  }

  token(accessToken: string, fields: Partial<StoredToken> = {}): StoredToken {
    const refreshToken = this.major.Option.none<string>();
    const expiresAt = Date.now() + 3_600_000;
    return { accessToken, refreshToken, expiresAt, scopes: [], provider: 'acme', ...fields };
  }

  /** A user with a fresh token. */
  async user(): Promise<string> {
    const userId = randomUUID();
    const refreshToken = this.major.Option.some('rt-secret');
    const token = this.token('at', { refreshToken, scopes: ['read'] });
    await this.run(({ store }) => store(userId, 'acme', token));
    return userId;
  }

  async stored(userId: string): Promise<StoredToken | null> {
    return this.major.Option.getOrNull(await this.run(({ get }) => get(userId, 'acme')));
  }

  refresh(userId: string, refreshFn: RefreshFn, layer?: Store) {
    return this.withStore((store) => store.refresh(userId, 'acme', refreshFn), layer);
  }

  /** The token that a refresh gives, or the error that it fails with. */
  call(userId: string, refreshFn: RefreshFn, layer?: Store): Promise<unknown> {
    const { Effect } = this.major;
    return Effect.runPromise(
      Effect.match(this.refresh(userId, refreshFn, layer), {
        onSuccess: (token): unknown => token,
        onFailure: (error): unknown => error,
      }),
    );
  }

  /** A `refreshFn` that succeeds. */
  succeed = (accessToken: string) => () => this.major.Effect.succeed(this.token(accessToken));

  async row(userId: string) {
    const sql = 'SELECT * FROM integration_tokens WHERE user_id = $1';
    return (await this.setting.database.client.query(sql, [userId])).rows[0];
  }
}
