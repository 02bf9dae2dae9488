/** The statements of the stores, by the names that the core has for them. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const STORES = join(import.meta.dirname, '../../src/store');

/** The table that `{table}` stands for, by the folder below `src/store`. */
const TABLES: Record<string, string> = {
  calendar: 'google_calendar_tokens',
  gmail: 'gmail_tokens',
  integration: 'integration_tokens',
  vault: 'token_vault',
  zoho: 'oauth_tokens',
};

/** A constant of the core that is a whole statement. */
export interface Statement {
  /** Such as `vault/sql.rs COMMIT`. */
  name: string;
  /** Whether a text that the server was sent is this one. */
  is(text: string): boolean;
}

/** All of them. */
export function statementsOfStores(): Statement[] {
  const files = readdirSync(STORES, { recursive: true }) as string[];
  return files.filter((file) => file.endsWith('.rs')).flatMap((file) => statementsOf(file));
}

/** What the core has before each, for poolers. */
const BEGIN = /^(\/\*[A-Z ]+\*\/ )+/;

/** What the core adds to a write, so that it changes nothing outside of its transaction. */
const GUARD =
  /(?:,| RETURNING| LIMIT nullif\() ?current_setting\('tokenkeep\.transaction'\)::integer(?:, 1\))?$/;

/** White space apart, as two texts of the same statement are equal. */
const flat = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Also one that a macro makes; a text without a verb is a part of others. */
const STATEMENT = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\b|^(?!concat!)\w+!/;

function statementsOf(file: string): Statement[] {
  const code = readFileSync(join(STORES, file), 'utf8').replace(/^\s*\/\/.*$/gm, '');
  const constants = code.matchAll(
    /const (\w+): &(?:'static )?str =\s*((?:"(?:[^"\\]|\\.)*"|[^";])+);/g,
  );
  return [...constants]
    .filter(([, , value]) => STATEMENT.test(value!))
    .map(([, name, value]) => {
      const pattern = new RegExp(`^${patternOf(value!, TABLES[file.split('/')[0]!])}$`);
      return {
        name: `${file} ${name}`,
        is: (text) => pattern.test(flat(text).replace(BEGIN, '').replace(GUARD, '')),
      };
    });
}

/** A macro of the core itself, with texts as its arguments. */
const MACRO = /\b(?!concat!)\w+!\(\s*((?:"(?:[^"\\]|\\.)*"(?:,\s*)?)*)\s*\)/g;

const LITERAL = /"((?:[^"\\]|\\.)*)"/g;

/** Anything where a macro stands, or where the core puts a part in; else the literals themselves. */
function patternOf(value: string, table: string | undefined): string {
  const literals = (code: string) => [...code.matchAll(LITERAL)].map(([, literal]) => literal!);
  const code = value.replace(
    MACRO,
    (_macro, texts: string) => `"${['', ...literals(texts), ''].join('{macro}')}"`,
  );
  const text = literals(code).join('').replaceAll('{schema}', '').replaceAll('\\"', '"');
  return flat(table ? text.replaceAll('{table}', table) : text)
    .split(/\s*\{\w+\}\s*/)
    .map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
}
