/** Statements that read more rows than one, and why that is so. */

/** Statements whose scans may use these indexes, or `none`. */
export interface Exception {
  statements: string[];
  indexes: (string | 'none')[];
  reason: string;
}

export const EXCEPTIONS: Exception[] = [
  {
    statements: [
      'integration/sql.rs CLAIM',
      'integration/sql.rs FAILING',
      'integration/sql.rs LEASED',
      'integration/sql.rs PAUSED',
      'integration/sql.rs SKIPPED',
    ],
    indexes: ['integration_tokens_expires_at'],
    reason: 'looks for what runs out soonest, in an index made for it',
  },
  {
    statements: ['vault/sql.rs READ_MANY', 'vault/sql.rs TOKENS'],
    indexes: ['token_vault_unique', 'token_vault_tenant_provider_idx'],
    reason:
      'many keys at once: an identifier that may be NULL is no condition of a join by an index, so all rows of the tenant at the provider are read',
  },
  {
    statements: ['vault/sql.rs DELETE_PROVIDER'],
    indexes: ['token_vault_unique', 'token_vault_tenant_provider_idx'],
    reason: 'deletes several rows: those of a tenant at a provider',
  },
  {
    statements: ['vault/sql.rs EXPIRING'],
    indexes: ['token_vault_expires_at_idx'],
    reason: 'looks for what runs out, in an index made for it',
  },
  {
    statements: ['pending.rs PUT'],
    indexes: ['oauth_state_expires_at'],
    reason: 'looks for what has expired, in an index made for it',
  },
  {
    statements: ['calendar/sql.rs SEALED', 'integration/sql.rs SEALED', 'zoho/sql.rs SEALED'],
    indexes: [
      'none',
      'google_calendar_tokens_pkey',
      'integration_tokens_user_provider_unique',
      'oauth_tokens_client_provider_unique',
    ],
    reason: 'unseal: an operator rewrites the whole table, once',
  },
  {
    statements: [
      'integration/sql.rs REVIVE',
      'states/mod.rs ASK_AT_ONCE',
      'vault/sql.rs REVIVE',
      'zoho/sql.rs REVIVE_MARKED',
    ],
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
];

/** Statements that this test does not run. */
export const NOT_RUN: Record<string, string> = {
  'integration/sql.rs GIVE_BACK': 'for a row that cannot be read',
  'table/hindrance.rs HINDRANCES': 'after a write that changed nothing',
  'table/hindrance.rs TOUCH': 'after a lease that was refused twice',
  'vault/sql.rs FENCE': 'a part of TOUCH',
  'vault/sql.rs BARE_STORE': 'for a table without the unique key',
};
