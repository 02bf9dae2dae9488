/**
 * The used part of google-auth-library, for any token endpoint.
 *
 * @param {{ tokenUrl: string, clientId: string, clientSecret: string, now: () => number }} options
 */
export function createGoogleAuth({ tokenUrl, clientId, clientSecret, now }) {
  /** @param {string} refreshToken */
  return async function refreshAccessToken(refreshToken) {
    const response = await fetch(tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
        client_id: clientId,
        client_secret: clientSecret,
      }),
    });
    const data = await response.json().catch(() => ({}));
    if (!response.ok) {
      const message = data.error ?? `Request failed with status code ${response.status}`;
      throw Object.assign(new Error(message), { response: { status: response.status, data } });
    }
    return {
      accessToken: data.access_token,
      refreshToken: data.refresh_token,
      expiryDate: now() + data.expires_in * 1000,
    };
  };
}
