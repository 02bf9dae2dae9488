/** The query parameters that the connect routes read themselves. */

/** The maximum length of each, in characters. */
export const CONNECT_PARAMETERS = {
  link: 256,
  /** The name of `link` in links that an earlier version has sent, which are valid for 24 hours. */
  ticket: 256,
  user_id: 1024,
  return_to: 1024,
  state: 256,
  code: 4096,
  error: 256,
  account: 128,
  iss: 1024,
} as const;

/** Whether the routes read a parameter of this name. */
export function isConnectParameter(name: string): name is keyof typeof CONNECT_PARAMETERS {
  return Object.hasOwn(CONNECT_PARAMETERS, name);
}
