/** The enums of the vault store. */

import { pgEnum } from 'drizzle-orm/pg-core';

/** Who gave a token. More of them: `pgEnum('token_provider', [...tokenProviderEnum.enumValues, …])`. */
export const tokenProviderEnum = pgEnum('token_provider', [
  'whatsapp',
  'google',
  'voicenter',
  'greeninvoice',
  'icount',
  'clerk',
]);

/** What a token is for. */
export const tokenTypeEnum = pgEnum('token_type', [
  'access_token',
  'refresh_token',
  'api_key',
  'webhook_secret',
]);
