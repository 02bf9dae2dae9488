/** Google's tokens of the current user as a service. */

import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import * as Layer from 'effect/Layer';
import {
  type GoogleAuthClientService,
  makeGoogleAuthClient,
} from '../effect-shared/google-auth.js';
import { currentUser } from './current-user.js';
import { IntegrationTokenStore } from './integration-token-store.js';

/** Gives the Google tokens of the user of `withCurrentUser`. */
export class GoogleAuthClient extends Context.Tag('GoogleAuthClient')<
  GoogleAuthClient,
  GoogleAuthClientService
>() {}

/** On whichever token store. */
export const GoogleAuthClientLive: Layer.Layer<GoogleAuthClient, never, IntegrationTokenStore> =
  Layer.effect(
    GoogleAuthClient,
    Effect.gen(function* () {
      return makeGoogleAuthClient(yield* IntegrationTokenStore, currentUser);
    }),
  );
