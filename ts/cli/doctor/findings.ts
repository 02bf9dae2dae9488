/** What the core has read from a database: the same fields as in `src/doctor/`. */

import type { StoreName } from '../../stores/registry';

/** What was found, or why it could not be read. */
export type Checked<Value> = { found: Value } | { failed: string };

export interface Findings {
  servers: Attempt[];
  tlsMode: TlsMode;
  schema: string | null;
  database: Contents | null;
}

export type TlsMode = 'disable' | 'prefer' | 'verify-full' | 'verify-ca' | 'no-verify';

export interface Attempt {
  host: string;
  port: string;
  connectMs: number | null;
  failure: { kind: string; sqlstate: string | null; text: string } | null;
  facts: Checked<Facts> | null;
  isUsed: boolean;
}

export interface Facts {
  versionNumber: number;
  version: string;
  database: string;
  encoding: string;
  role: string;
  isSuperuser: boolean;
  bypassesRowSecurity: boolean;
  isStandby: boolean;
  isReadOnly: boolean;
  searchPath: string;
  currentSchema: string | null;
  timeoutsMs: Record<string, number>;
  tls: { version: string; cipher: string } | null;
  clock: { roundTripMs: number; aheadMs: number };
}

export interface Contents {
  pooler: Checked<Pooler>;
  bookkeeping: Checked<Bookkeeping>;
  tables: Partial<Record<StoreName, Checked<Table>>>;
}

export interface Pooler {
  isShared: boolean;
  isMoved: boolean;
  isOfOtherAge: boolean;
  preparesStatements: boolean;
  pgpool: Pgpool | null;
}

export interface Pgpool {
  version: string;
  balances: boolean;
  ignoresComments: boolean;
  primaryPatterns: string;
}

export interface Bookkeeping {
  applied: { schema: string; store: string; version: number }[] | null;
  state: Access | null;
  account: Access | null;
  refreshState: Access | null;
  client: Access | null;
}

export interface Access {
  schema: string;
  name: string;
  schemaName: string;
  roleName: string;
  mayUseSchema: boolean;
  missing: string[];
  owner: string;
  isOwner: boolean;
  rowSecurity: { isEnabled: boolean; isForced: boolean; isActive: boolean };
  policies: Policy[];
}

export interface Policy {
  name: string;
  isPermissive: boolean;
  asksForTenant: boolean;
  asksForUser: boolean;
}

export interface Table {
  store: StoreName;
  table: string;
  version: number;
  schemas: string[];
  hasNamedSchema: boolean | null;
  access: Access | null;
  differences: Checked<Differences> | null;
  between: Checked<Between> | null;
  links: Checked<Link[]> | null;
  sample: Checked<Sample> | null;
}

export type { StoreName as Store };

export interface Differences {
  blocking: string[];
  pending: string[];
  missingIndexes: string[];
}

export interface Between {
  triggers: Trigger[];
  rules: string[];
}

export interface Trigger {
  name: string;
  function: string;
  isOpaque: boolean;
  maySwallow: boolean;
  sets: string[];
}

export interface Link {
  column: string;
  other: string;
  wantedType: string;
  isThere: boolean;
  foundType: string | null;
  isKey: boolean;
  mayRefer: boolean;
}

export interface Sample {
  rows: number;
  sealed: number;
  unopened: number | null;
  plaintext: number;
  versions: Record<string, number>;
}
