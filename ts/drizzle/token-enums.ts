/** The enums of the vault store. */

import { pgEnum } from 'drizzle-orm/pg-core';

/** The providers of tokens. To add values: `pgEnum('token_provider', [...tokenProviderEnum.enumValues, …])`. */
export const tokenProviderEnum = pgEnum('token_provider', [
  'whatsapp',
  'google',
  'voicenter',
  'greeninvoice',
  'icount',
  'clerk',
]);

/** The types of tokens. */
export const tokenTypeEnum = pgEnum('token_type', [
  'access_token',
  'refresh_token',
  'api_key',
  'webhook_secret',
]);
