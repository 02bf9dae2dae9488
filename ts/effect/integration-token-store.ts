/** The service `IntegrationTokenStore` and its layers. */

import * as Cause from 'effect/Cause';
import * as Config from 'effect/Config';
import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import * as Exit from 'effect/Exit';
import * as Layer from 'effect/Layer';
import { createTokenKeep } from 'tokenkeep';
import * as integration from 'tokenkeep/integration';
import { type LayerOptions, plainOptions } from '../effect-shared/options.js';
import {
  type IntegrationTokenStoreService,
  type Run,
  makeTokenStore,
} from '../effect-shared/token-store.js';
import { currentTenant } from './current-user.js';

/** Stores tokens of any provider. */
export class IntegrationTokenStore extends Context.Service<
  IntegrationTokenStore,
  IntegrationTokenStoreService
>()('IntegrationTokenStore') {}

/** Runs an effect in a new fiber with the context of the calling fiber. */
const ownRun: Effect.Effect<Run> = Effect.map(
  Effect.context<never>(),
  (context) => async (effect, options) => {
    const exit = await Effect.runPromiseExitWith(context)(effect, options);
    if (Exit.isSuccess(exit)) return exit.value;
    throw Cause.squash(exit.cause);
  },
);

/** The store of tokenkeep's default instance. */
export const IntegrationTokenStoreLive: Layer.Layer<IntegrationTokenStore> = Layer.succeed(
  IntegrationTokenStore,
  makeTokenStore(integration, ownRun, currentTenant),
);

/** A store with its own instance, which is closed with the layer's scope. */
export function layer(options: LayerOptions = {}): Layer.Layer<IntegrationTokenStore> {
  const instance = Effect.acquireRelease(
    Effect.sync(() => createTokenKeep(plainOptions(options))),
    (keep) => Effect.promise(() => keep.close()),
  );
  return Layer.effect(
    IntegrationTokenStore,
    Effect.map(instance, (keep) => makeTokenStore(keep.integration, ownRun, currentTenant)),
  );
}

/** Like {@link layer}, with options from a `ConfigProvider`. */
export function layerConfig(
  config: Config.Wrap<LayerOptions>,
): Layer.Layer<IntegrationTokenStore, Config.ConfigError> {
  return Layer.unwrap(Effect.map(Config.unwrap(config), layer));
}
