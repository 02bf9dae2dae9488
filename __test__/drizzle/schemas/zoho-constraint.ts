/** An application that had declared the unique key of its Zoho tokens. */

import { oauthTokensTable } from 'tokenkeep/drizzle';

export const oauthTokens = oauthTokensTable({
  uniqueConstraint: 'oauth_tokens_client_id_provider_unique',
});
