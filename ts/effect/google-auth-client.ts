/** The service `GoogleAuthClient`. */

import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import * as Layer from 'effect/Layer';
import {
  type GoogleAuthClientService,
  makeGoogleAuthClient,
} from '../effect-shared/google-auth.js';
import { currentUser } from './current-user.js';
import { IntegrationTokenStore } from './integration-token-store.js';

/** Returns the Google tokens of the user of `withCurrentUser`. */
export class GoogleAuthClient extends Context.Service<GoogleAuthClient, GoogleAuthClientService>()(
  'GoogleAuthClient',
) {}

/** The service on any token store. */
export const GoogleAuthClientLive: Layer.Layer<GoogleAuthClient, never, IntegrationTokenStore> =
  Layer.effect(
    GoogleAuthClient,
    Effect.gen(function* () {
      return makeGoogleAuthClient(yield* IntegrationTokenStore, currentUser);
    }),
  );
