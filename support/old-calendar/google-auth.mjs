/** The used part of google-auth and google-auth-oauthlib, for any token endpoint. */

const REFRESH_THRESHOLD_MS = 225_000;

/**
 * @typedef {object} Client
 * @property {string} tokenUrl
 * @property {string} clientId
 * @property {string} clientSecret
 * @property {string} redirectUri
 */

/** Credentials. Without an expiry, they never count as expired. */
export class Credentials {
  #client;
  /** @type {Date | undefined} */
  expiry;

  /** @param {{ token: string, refreshToken: string, scopes: string[], client: Client }} given */
  constructor({ token, refreshToken, scopes, client }) {
    this.token = token;
    this.refreshToken = refreshToken;
    this.scopes = scopes;
    this.#client = client;
  }

  get expired() {
    return this.expiry ? Date.now() >= this.expiry.getTime() - REFRESH_THRESHOLD_MS : false;
  }

  /** Refreshes these credentials in memory, as the API client does after a 401. */
  async refresh() {
    const answer = await ask(this.#client, {
      grant_type: 'refresh_token',
      refresh_token: this.refreshToken,
    });
    this.token = answer.token;
    this.expiry = answer.expiry;
    this.refreshToken = answer.refreshToken ?? this.refreshToken;
  }
}

/**
 * Exchanges a code. Like oauthlib, throws if the response names other scopes than requested.
 *
 * @param {Client} client @param {string} code @param {string[]} scopes requested
 */
export async function fetchToken(client, code, scopes) {
  const fields = { grant_type: 'authorization_code', code, redirect_uri: client.redirectUri };
  const answer = await ask(client, fields);
  const isSame = answer.scopes?.toSorted().join(' ') === scopes.toSorted().join(' ');
  if (answer.scopes && !isSame) {
    throw new Error(
      `Scope has changed from "${scopes.join(' ')}" to "${answer.scopes.join(' ')}".`,
    );
  }
  return answer;
}

/** @param {Client} client @param {Record<string, string>} fields */
async function ask({ tokenUrl, clientId, clientSecret }, fields) {
  const response = await fetch(tokenUrl, {
    method: 'POST',
    body: new URLSearchParams({ ...fields, client_id: clientId, client_secret: clientSecret }),
  });
  const data = await response.json();
  if (!data.access_token) throw new Error(`(${data.error}, ${JSON.stringify(data)})`);
  return {
    token: data.access_token,
    refreshToken: data.refresh_token,
    expiry: data.expires_in ? new Date(Date.now() + data.expires_in * 1000) : undefined,
    scopes: data.scope?.split(' '),
  };
}
