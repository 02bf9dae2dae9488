/** The layers, and what they print. */

import { inspect } from 'node:util';
import type { Effect as Effects } from 'effect';
import { describe, expect, it } from 'vitest';
import type { IntegrationTokenStore, StoredToken } from 'tokenkeep/effect';
import { KEY } from '../helpers/database';
import { failureOf } from '../helpers/promises';
import { MAJORS, useMajor } from './majors';

const NOWHERE = 'postgres://me:hunter2@127.0.0.1:1/none';

describe.each(MAJORS)('%s', (version) => {
  const setting = useMajor(version);

  /** How many connections others have to this database. */
  async function connections(): Promise<number> {
    const { rows } = await setting.database.client.query(
      `SELECT count(*)::int FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return rows[0].count;
  }

  function options() {
    const { Redacted } = setting.major;
    return {
      databaseUrl: Redacted.make(setting.database.url),
      tokenkeepKey: Redacted.make(KEY),
    };
  }

  const getting: () => Effects.Effect<unknown, never, IntegrationTokenStore> = () => {
    const { Effect, tokenkeep } = setting.major;
    return Effect.gen(function* () {
      return yield* (yield* tokenkeep.IntegrationTokenStore).get('nobody', 'acme');
    });
  };

  it('layer owns its instance and closes it with its scope', async () => {
    const { Effect, tokenkeep } = setting.major;
    const before = await connections();
    let escaped: Effects.Effect<unknown> | undefined;
    const program = Effect.gen(function* () {
      const store = yield* tokenkeep.IntegrationTokenStore;
      yield* store.get('nobody', 'acme');
      escaped = store.get('nobody', 'acme');
      return yield* Effect.promise(connections);
    });
    const during = await Effect.runPromise(Effect.provide(program, tokenkeep.layer(options())));
    expect(during).toBeGreaterThan(before);
    expect(String(await failureOf(Effect.runPromise(escaped!)))).toContain('was closed');
    await expect.poll(connections).toBe(before);
  });

  it('layerConfig reads what is asked for from the ConfigProvider', async () => {
    const { Effect, Option, tokenkeep, text, secret, withVariables } = setting.major;
    const layer = tokenkeep.layerConfig({
      databaseUrl: secret('STORE_URL'),
      tokenkeepKey: secret('STORE_KEY'),
      providers: {
        acme: { clientId: text('ID'), clientSecret: secret('SECRET') },
      },
    });
    const values = { STORE_URL: setting.database.url, STORE_KEY: KEY, ID: 'id', SECRET: 'secret' };
    const found = await Effect.runPromise(withVariables(Effect.provide(getting(), layer), values));
    expect(found).toEqual(Option.none());
    const { STORE_KEY: _, ...less } = values;
    const error = await Effect.runPromise(
      Effect.flip(withVariables(Effect.provide(getting(), layer), less)),
    );
    expect(String(error)).toContain('STORE_KEY');
  });

  it('secrets are never printed, neither by options nor by errors', async () => {
    const { Effect, Redacted, tokenkeep } = setting.major;
    const given = { ...options(), databaseUrl: Redacted.make(NOWHERE) };
    const layer = tokenkeep.layer(given);
    const exit = await Effect.runPromiseExit(Effect.provide(getting(), layer));
    for (const thing of [given, layer, exit]) {
      const printed = `${inspect(thing, { depth: 12 })} ${JSON.stringify(thing)} ${String(thing)}`;
      expect(printed).not.toContain('hunter2');
      expect(printed).not.toContain(KEY);
    }
  });

  it.each(['get', 'store', 'revoke', 'refresh'] as const)(
    '%s dies of a database that is away',
    async (name) => {
      const { Cause, Effect, Exit, Option, Redacted, tokenkeep, isDefect } = setting.major;
      const token: StoredToken = {
        accessToken: 'at-secret',
        refreshToken: Option.some('rt-secret'),
        expiresAt: Date.now(),
        scopes: [],
        provider: 'acme',
      };
      const program = Effect.gen(function* () {
        const store = yield* tokenkeep.IntegrationTokenStore;
        const argument = name === 'refresh' ? () => Effect.succeed(token) : token;
        yield* store[name]('user', 'acme', argument as never);
      });
      const layer = tokenkeep.layer({ ...options(), databaseUrl: Redacted.make(NOWHERE) });
      const exit = await Effect.runPromiseExit(Effect.provide(program, layer));
      if (Exit.isSuccess(exit)) expect.fail('must not succeed');
      expect(isDefect(exit.cause)).toBe(true);
      expect(Cause.squash(exit.cause)).toMatchObject({ code: 'ERR_TOKENKEEP_DATABASE' });
      expect(inspect(exit, { depth: 12 })).not.toContain('secret');
    },
  );

  it('a wrong option is a defect that names it', async () => {
    const { Effect, tokenkeep } = setting.major;
    const layer = tokenkeep.layer({ maxConnections: -1 });
    const failure = await failureOf(Effect.runPromise(Effect.provide(getting(), layer)));
    expect(String(failure)).toContain('maxConnections');
  });
});
