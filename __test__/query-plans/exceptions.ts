/** Statements that read more rows than one, and why that is so. */

export interface Exception {
  /** One of these occurs in the text of each of the statements. */
  texts: string[];
  /** The indexes that they may read, or `none`. */
  indexes: (string | 'none')[];
  reason: string;
}

export const EXCEPTIONS: Exception[] = [
  {
    texts: ['expires_at <= statement_timestamp() + $1'],
    indexes: ['integration_tokens_expires_at'],
    reason: 'refreshExpiring: looks for what runs out soonest, in an index made for it',
  },
  {
    texts: ['unnest($1, $2, $3) AS wanted', 'unnest($1, $2, $3, $4) AS wanted'],
    indexes: ['token_vault_unique', 'token_vault_tenant_provider_idx'],
    reason:
      'many keys at once: an identifier that may be NULL is no condition of a join by an index, so all rows of the tenant at the provider are read',
  },
  {
    texts: ['DELETE FROM token_vault AS t USING gone'],
    indexes: ['token_vault_unique', 'token_vault_tenant_provider_idx'],
    reason: 'deletes several rows: those of a tenant at a provider',
  },
  {
    texts: ['expires_at < statement_timestamp() + $1'],
    indexes: ['token_vault_expires_at_idx'],
    reason: 'findExpiringTokens: looks for what runs out, in an index made for it',
  },
  {
    texts: ['expires_at <= statement_timestamp() LIMIT 20'],
    indexes: ['oauth_state_expires_at'],
    reason: 'looks for what has expired, in an index made for it',
  },
  {
    texts: [`refresh_token LIKE 'tk1.%'`],
    indexes: [
      'none',
      'google_calendar_tokens_pkey',
      'integration_tokens_user_provider_unique',
      'oauth_tokens_client_provider_unique',
    ],
    reason: 'unseal: an operator rewrites the whole table, once',
  },
  {
    texts: ['<= $2 LIMIT $3', 'SET retry_at = NULL WHERE target_schema = $1 AND store = $2'],
    indexes: [
      'none',
      'integration_tokens_user_provider_unique',
      'oauth_tokens_client_provider_unique',
      'refresh_state_pkey',
      'token_vault_expires_at_idx',
      'token_vault_pkey',
    ],
    reason: 'revive: an operator looks through the whole table, once',
  },
  {
    texts: [
      `coalesce(r.refreshing_at > clock_timestamp() - $1 * interval '1 millisecond', false) FROM`,
    ],
    indexes: [
      'gmail_tokens_user_id_unique',
      'google_calendar_tokens_pkey',
      'integration_tokens_user_provider_unique',
      'oauth_tokens_client_provider_unique',
      'token_vault_pkey',
    ],
    reason: 'rotate and seal: a batch of rows after the last key, in the index of the keys',
  },
  {
    texts: ['WHERE id > $1 AND expires_at > clock_timestamp() ORDER BY id LIMIT 500'],
    indexes: ['oauth_state_pkey'],
    reason: 'rotate: a batch of rows after the last key, in the index of the keys',
  },
];
