/** Which features of SQL a statement uses, and which ones a page names. */

/** What every SQL database has. */
const PLAIN = new Set(
  `ADD ALL ALTER AND AS BEGIN BY CASCADE COLUMN COMMIT CONSTRAINT CREATE DEFAULT DELETE DESC ELSE END
  EXISTS FOREIGN FROM GROUP HAVING IN INDEX INSERT INTO IS JOIN KEY LEFT NOT NULL ON OR ORDER PRIMARY
  REFERENCES ROLLBACK SELECT SET TABLE THEN TRUE UNIQUE UPDATE VALUES WHEN WHERE UNION`.split(
    /\s+/,
  ),
);

/** Names that stand before a bracket: tables, what a FROM names, and Supabase's own `uid()`. */
const NO_FUNCTIONS =
  /^(columns|links|migrations|name|s|stored|wanted|tenants|uid|users|varchar|\w+_tokens|token_vault|oauth_\w+|refresh_state|state|known|noted)$/;

/** Types of tokenkeep's own tables, and names of columns after a cast. */
const OWN_TYPES = /^(name|integer|token_\w+)$/;

/** The features that a table of docs/scaling.md names in its first column, in code marks. */
export function featuresIn(page: string): string[] {
  const [, table = ''] = page.replaceAll('\\|', '|').split('| feature |');
  const rows = table.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) =>
    [...row.split(' | ')[0]!.matchAll(/`([^`]+)`/g)].map(([, code]) => code!),
  );
}

/** The words of features, such as `SKIP` and `LOCKED` of `SKIP LOCKED`. */
export function wordsOf(features: string[]): Set<string> {
  return new Set(features.join(' ').match(/[A-Za-z_]\w*/g));
}

/** Keywords beyond plain SQL, functions, types and operators, each once. */
export function featuresOf(statements: string[]): string[] {
  const text = statements.map(withoutQuotes).join('\n');
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name!);
  return [
    ...new Set([
      ...all(/\b([A-Z][A-Z]+)\b/g).filter((word) => !PLAIN.has(word)),
      ...all(/\b([a-z_][a-z_0-9]*)\s*\(/g).filter((name) => !NO_FUNCTIONS.test(name)),
      ...all(/::([a-z]\w*)/g).filter((type) => !OWN_TYPES.test(type)),
      ...all(/\b(timestamp|timestamptz|jsonb|uuid|interval|ctid|pg_[a-z]+)\b/g),
      ...all(/\s(->>?|\|\||@>|\?|~\*?)\s/g),
    ]),
  ];
}

/**
 * A statement without comments and quoted texts. Migrations quote the statements that they execute:
 * of their texts only messages go.
 */
function withoutQuotes(statement: string): string {
  const quoted = statement.includes('$$') ? /'tokenkeep: (?:[^']|'')*'/g : /'(?:[^']|'')*'/g;
  return statement
    .replace(/\/\*.*?\*\//gs, '')
    .replace(/--.*$/gm, '')
    .replace(quoted, "''");
}
