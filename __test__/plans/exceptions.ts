/** Statements that read more rows than one, and why that is so. */

/** Statements whose scans may use these indexes, or `none`. */
export interface Exception {
  statements: string[];
  indexes: (string | 'none')[];
  reason: string;
}

export const EXCEPTIONS: Exception[] = [
  {
    statements: ['integration/sql.rs CLAIM', 'integration/sql.rs LEASED'],
    indexes: ['integration_tokens_expires_at'],
    reason: 'looks for what runs out soonest, in an index made for it',
  },
  {
    statements: [
      'READ_ONE',
      'READ_MANY',
      'LEASE',
      'COMMIT',
      'RELEASE',
      'SUSPECT',
      'END',
      'TOKEN',
      'TOKENS',
    ].map((name) => `vault/sql.rs ${name}`),
    indexes: ['token_vault_unique', 'token_vault_tenant_provider_idx'],
    reason:
      'an enum compared as text, and IS NOT DISTINCT FROM, are no conditions of an index: all rows of the tenant are read',
  },
  {
    statements: ['vault/sql.rs DELETE_PROVIDER'],
    indexes: ['token_vault_unique', 'token_vault_tenant_provider_idx'],
    reason: 'deletes several rows: those of a tenant at a provider',
  },
  {
    statements: ['vault/sql.rs EXPIRING'],
    indexes: ['none'],
    reason: 'is no call of a user: whoever refreshes ahead of time asks for all tenants at once',
  },
  {
    statements: ['pending.rs PUT'],
    indexes: ['none'],
    reason:
      'looks for what has expired among the states of a day; clock_timestamp() bounds no index',
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
];

/** Statements that this test does not run. */
export const NOT_RUN: Record<string, string> = {
  'vault/sql.rs BARE_STORE': 'for a table without the unique key',
};
