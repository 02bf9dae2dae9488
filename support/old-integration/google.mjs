/**
 * The application's refresh requests to Google.
 *
 * @param {string} tokenUrl
 */
export function createGoogle(tokenUrl) {
  /**
   * @param {string} refreshToken
   * @returns {Promise<import('./service.mjs').StoredToken>}
   */
  return async function refreshGoogleToken(refreshToken) {
    const response = await fetch(tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: 'client',
        client_secret: 'secret',
      }),
    });
    const data = await response.json();
    if (!data.access_token) throw new Error(`Google answered ${JSON.stringify(data)}`);
    return {
      accessToken: data.access_token,
      refreshToken: data.refresh_token ?? null,
      expiresAt: Date.now() + data.expires_in * 1000,
      scopes: data.scope?.split(' '),
    };
  };
}
