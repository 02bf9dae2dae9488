/** The options with which an authorization begins. */

/** The options of an authorization flow. */
export interface AuthorizationOptions {
  /** The application's ID of the user. */
  userId: string;
  /**
   * A value that the application keeps in the user's browser, such as a session ID: the flow must be
   * completed in the same browser. If absent, only the user is compared.
   */
  browser?: string | undefined;
  /** The requested scopes. Default: `calendar.events`. */
  scopes?: string[] | undefined;
}

/** The options of a connect link, and of starting a flow. */
export interface BeginOptions extends AuthorizationOptions {
  /** The URL to which the browser is redirected in the end. */
  returnTo?: string | undefined;
}

/** Their names. Not beside the connector, which loads the addon: the fake reads them, too. */
export const BEGIN_OPTIONS = ['userId', 'browser', 'scopes', 'returnTo'] as const;
