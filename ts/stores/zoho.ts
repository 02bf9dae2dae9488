/** The zoho store's methods. */

import { optionalJson, optionalNumber, optionalText, record, text } from '../input/arguments';
import { call } from '../bridge/bridge';
import { InvalidArgumentError } from '../errors/errors';
import { type InstanceHandle, native } from '../bridge/native';

/** Which service of Zoho; any other name works, too. */
export type ZohoProvider = 'zoho_crm' | 'zoho_calendar' | (string & {});

/** The application as Zoho knows it. */
export interface ZohoCredentials {
  clientId: string;
  clientSecret: string;
}

/** What is stored after the user has connected. */
export interface ZohoTokens {
  /** At most 64 KiB. Without it, the first `getAccessToken` refreshes. */
  accessToken?: string | undefined;
  /** At most 64 KiB. */
  refreshToken: string;
  /** How long the access token is valid from now on, in seconds. */
  expiresIn?: number | undefined;
  /** The granted scopes, separated by commas: at most 1 KiB. */
  scopes?: string | undefined;
  /**
   * Other data to store, as JSON. `accounts_server`, as Zoho passed it to the callback, is the data centre
   * where the tokens are refreshed. It is kept if later metadata does not contain it.
   */
  metadata?: Record<string, unknown> | undefined;
}

interface GivenCredentials {
  id: string;
  secret: string;
  /** Why they are not valid; thrown when they are needed. */
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
    // The core refuses empty values when it needs them.
    return { id: '', secret: '', refusal: error };
  }
}

function isOfCredentials({ argument }: InvalidArgumentError): boolean {
  return argument?.startsWith('credentials') === true;
}

/** The zoho store of an instance. */
export class ZohoStore {
  readonly #instance: () => InstanceHandle;

  /** @internal */
  constructor(instance: () => InstanceHandle) {
    this.#instance = instance;
    // So that `const { getAccessToken } = keep.zoho` works.
    this.getAccessToken = this.getAccessToken.bind(this);
    this.storeTokens = this.storeTokens.bind(this);
    this.hasToken = this.hasToken.bind(this);
  }

  /**
   * An access token with at least five minutes left, refreshed if needed, once across all processes; only a
   * refresh needs the credentials. A client without a row, or with a dead grant, begins with
   * `ZOHO_REFRESH_TOKEN`.
   * @throws {NotConnectedError} if nothing is stored
   * @throws {TokenRevokedError} if Zoho says `invalid_code`; the row is marked as revoked
   */
  async getAccessToken(
    clientId: string,
    provider: ZohoProvider,
    credentials: ZohoCredentials,
  ): Promise<string> {
    const { id, secret, refusal } = credentialsOf(credentials);
    try {
      return await call((number) =>
        native.getZohoAccessToken(
          this.#instance(),
          number,
          text('clientId', clientId),
          text('provider', provider),
          id,
          secret,
        ),
      );
    } catch (error) {
      const isRefusal = error instanceof InvalidArgumentError && isOfCredentials(error);
      throw refusal && isRefusal ? refusal : error;
    }
  }

  /** Stores tokens, sealed; replaces stored ones, also during a refresh. */
  storeTokens(clientId: string, provider: ZohoProvider, tokens: ZohoTokens): Promise<void> {
    return call((id) => {
      const given = record('tokens', tokens);
      native.storeZohoTokens(
        this.#instance(),
        id,
        text('clientId', clientId),
        text('provider', provider),
        optionalText('accessToken', given['accessToken']),
        text('refreshToken', given['refreshToken']),
        optionalNumber('expiresIn', given['expiresIn']),
        optionalText('scopes', given['scopes']),
        optionalJson('metadata', given['metadata']),
      );
    });
  }

  /** Whether tokens are stored, or `ZOHO_REFRESH_TOKEN` is set; decrypts nothing. */
  hasToken(clientId: string, provider: ZohoProvider): Promise<boolean> {
    return call((id) =>
      native.hasZohoToken(
        this.#instance(),
        id,
        text('clientId', clientId),
        text('provider', provider),
      ),
    );
  }
}
