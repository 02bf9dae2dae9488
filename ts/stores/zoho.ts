/** The zoho store's methods, on whichever instance. */

import type { Instance } from '../../index';
import { optionalJson, optionalNumber, optionalText, record, text } from '../input/arguments';
import { promised } from '../bridge/bridge';
import { InvalidArgumentError } from '../errors/errors';
import { native } from '../bridge/native';

/** What a client uses of Zoho; any other name works, too. */
export type ZohoProvider = 'zoho_crm' | 'zoho_calendar' | (string & {});

/** The application as Zoho knows it. */
export interface ZohoCredentials {
  clientId: string;
  clientSecret: string;
}

/** What is stored after the user has connected. */
export interface ZohoTokens {
  /** At most 64 KiB; without one the first `getAccessToken` refreshes. */
  accessToken?: string | undefined;
  /** At most 64 KiB. */
  refreshToken: string;
  /** How long the access token is valid from now on, in seconds. */
  expiresIn?: number | undefined;
  /** The granted scopes, separated by commas: at most 1 KiB. */
  scopes?: string | undefined;
  /**
   * What else is kept, as JSON. `accounts_server`, as Zoho gave it to the callback, says in which
   * data centre the tokens are refreshed, and is kept when later metadata does not name it.
   */
  metadata?: Record<string, unknown> | undefined;
}

const accessToken = promised<string, Instance, [string, string, string, string]>(
  native.getZohoAccessToken,
);
const store = promised<
  void,
  Instance,
  [
    string,
    string,
    string | undefined,
    string,
    number | undefined,
    string | undefined,
    string | undefined,
  ]
>(native.storeZohoTokens);
const exists = promised<boolean, Instance, [string, string]>(native.hasZohoToken);

interface GivenCredentials {
  id: string;
  secret: string;
  /** Why they are none: matters when they are needed. */
  refusal: InvalidArgumentError | undefined;
}

function credentialsOf(credentials: unknown): GivenCredentials {
  try {
    const given = record('credentials', credentials);
    return {
      id: text('credentials.clientId', given['clientId']),
      secret: text('credentials.clientSecret', given['clientSecret']),
      refusal: undefined,
    };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    // The core refuses what is empty, when it needs it.
    return { id: '', secret: '', refusal: error };
  }
}

function isOfCredentials({ argument }: InvalidArgumentError): boolean {
  return argument?.startsWith('credentials') === true;
}

/** The zoho store of an instance. */
export class ZohoStore {
  readonly #instance: () => Instance;

  /** @internal */
  constructor(instance: () => Instance) {
    this.#instance = instance;
    // So that `const { getAccessToken } = keep.zoho` works.
    this.getAccessToken = this.getAccessToken.bind(this);
    this.storeTokens = this.storeTokens.bind(this);
    this.hasToken = this.hasToken.bind(this);
  }

  /**
   * An access token with at least five minutes left, refreshed once across all processes if need
   * be; only that needs the credentials. A client without a row, or with a dead grant, begins with
   * `ZOHO_REFRESH_TOKEN`.
   * @throws {NotConnectedError} when nothing is stored
   * @throws {TokenRevokedError} when Zoho says `invalid_code`; the row says since when
   */
  async getAccessToken(
    clientId: string,
    provider: ZohoProvider,
    credentials: ZohoCredentials,
  ): Promise<string> {
    const { id, secret, refusal } = credentialsOf(credentials);
    const asked = accessToken(
      this.#instance(),
      text('clientId', clientId),
      text('provider', provider),
      id,
      secret,
    );
    if (!refusal) return asked;
    return asked.catch((error: unknown) => {
      throw error instanceof InvalidArgumentError && isOfCredentials(error) ? refusal : error;
    });
  }

  /** Stores tokens, sealed; replaces what was stored, also while a refresh is under way. */
  async storeTokens(clientId: string, provider: ZohoProvider, tokens: ZohoTokens): Promise<void> {
    const given = record('tokens', tokens);
    return store(
      this.#instance(),
      text('clientId', clientId),
      text('provider', provider),
      optionalText('accessToken', given['accessToken']),
      text('refreshToken', given['refreshToken']),
      optionalNumber('expiresIn', given['expiresIn']),
      optionalText('scopes', given['scopes']),
      optionalJson('metadata', given['metadata']),
    );
  }

  /** Whether tokens are stored, or `ZOHO_REFRESH_TOKEN` is set; opens nothing. */
  async hasToken(clientId: string, provider: ZohoProvider): Promise<boolean> {
    return exists(this.#instance(), text('clientId', clientId), text('provider', provider));
  }
}
