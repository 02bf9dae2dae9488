/**
 * Whether a resource, such as the UserInfo endpoint, takes an access token.
 *
 * @param {string} url
 * @returns {(accessToken: string) => Promise<boolean>}
 */
export function takenBy(url) {
  return async (accessToken) => {
    const response = await fetch(url, { headers: { authorization: `Bearer ${accessToken}` } });
    await response.body?.cancel();
    return response.status === 200;
  };
}
