/** A user of Google's and the clients that ask for the token: an application's own, and tokenkeep's. */

import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type Google, startGoogle } from '../../support/google.mjs';
import { type Setting, useMajor } from './majors';

/** The user whom the application's client names. */
const USER = 'current-user-id';
export const GMAIL = 'https://www.googleapis.com/auth/gmail.readonly';
export const DRIVE = 'https://www.googleapis.com/auth/drive';

type Call = { getValidToken: string[] } | { refreshToken: string };

export class GoogleScene {
  readonly setting: Setting;
  google!: Google;

  /** With an OAuth server for all tests of a `describe`, and no row for each. */
  constructor(version: Parameters<typeof useMajor>[0]) {
    this.setting = useMajor(version);
    beforeAll(async () => {
      this.google = await startGoogle();
      Object.assign(process.env, {
        GOOGLE_CLIENT_ID: this.google.clientId,
        GOOGLE_CLIENT_SECRET: this.google.clientSecret,
        TOKENKEEP_GOOGLE_TOKEN_URL: this.google.tokenUrl,
        TOKENKEEP_GOOGLE_REVOCATION_URL: this.google.revocationUrl,
      });
    });
    afterAll(() => this.google.close());
    beforeEach(async () => {
      await this.empty();
      this.google.resetCount();
    });
  }

  get major() {
    return this.setting.major;
  }

  async rows() {
    return (await this.setting.database.client.query('SELECT * FROM integration_tokens')).rows;
  }

  async empty(): Promise<void> {
    await this.setting.database.client.query('DELETE FROM integration_tokens');
  }

  /** Connects the user, with so many seconds left. */
  async connect(seconds: number) {
    const { Effect, Option, tokenkeep } = this.major;
    const tokens = await this.google.connect();
    const token = {
      accessToken: tokens.accessToken,
      refreshToken: Option.some(tokens.refreshToken),
      expiresAt: Date.now() + seconds * 1_000,
      scopes: [GMAIL],
      provider: 'google',
    };
    const stored = Effect.gen(function* () {
      yield* (yield* tokenkeep.IntegrationTokenStore).store(USER, 'google', token);
    });
    await Effect.runPromise(Effect.provide(stored, tokenkeep.IntegrationTokenStoreLive));
    return tokens;
  }

  /** What a call gives or fails with. */
  call(
    whose: 'the application' | 'tokenkeep',
    call: Call,
    userId = USER,
    store = this.major.tokenkeep.IntegrationTokenStoreLive,
  ): Promise<unknown> {
    const { Effect, Layer, tokenkeep, GoogleAuthClientLive } = this.major;
    const live = whose === 'tokenkeep' ? tokenkeep.GoogleAuthClientLive : GoogleAuthClientLive;
    const program = Effect.gen(function* () {
      const client = yield* tokenkeep.GoogleAuthClient;
      return yield* 'refreshToken' in call
        ? client.refreshToken(call.refreshToken)
        : client.getValidToken(call.getValidToken);
    }).pipe(
      Effect.provide(Layer.provide(live, store)),
      Effect.match({
        onSuccess: (token): unknown => token,
        onFailure: (error): unknown => error,
      }),
    );
    const asked = userId === '' ? program : tokenkeep.withCurrentUser(userId)(program);
    return Effect.runPromise(asked);
  }
}
