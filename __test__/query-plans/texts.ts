/** All SQL that tokenkeep sends, and all that it migrates with, without comments and quoted texts. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** A text, and the file that has it. */
export interface Sql {
  file: string;
  text: string;
}

/** The core's literals that are statements, or parts of them, and the migrations. */
export function sqlOfTokenkeep(): Sql[] {
  return [...literals(), ...migrations()].map(bare);
}

const BEGINS = /^\s*(SELECT|WITH|INSERT|UPDATE|DELETE|BEGIN|COMMIT|CREATE)\b/;

/** A file of statements has parts of them, too. */
const isSql = (file: string, text: string) =>
  file.endsWith('/sql.rs') ? /[A-Z]{2}|[=,(]/.test(text) : BEGINS.test(text);

function literals(): Sql[] {
  const files = (readdirSync(join(root, 'src'), { recursive: true }) as string[])
    .filter((file) => /^(db|store|connect)\/.*\.rs$/.test(file))
    .map((file) => `src/${file}`);
  return files.flatMap((file) => {
    const code = readFileSync(join(root, file), 'utf8')
      .split('#[cfg(test)]')[0]!
      .replace(/^\s*\/\/.*$/gm, '');
    const found = [...code.matchAll(/r#"([\s\S]*?)"#|"((?:[^"\\]|\\[\s\S])*)"/g)];
    return found
      .map(([, raw, text]) => raw ?? text!.replace(/\\\n\s*/g, ' '))
      .filter((text) => isSql(file, text))
      .map((text) => ({ file, text }));
  });
}

function migrations(): Sql[] {
  return readdirSync(join(root, 'migrations')).map((name) => {
    const file = `migrations/${name}`;
    return { file, text: readFileSync(join(root, file), 'utf8') };
  });
}

/**
 * What the core puts in becomes a name; of quoted texts only that there is one. Migrations quote the
 * statements that they execute: there only messages go.
 */
function bare({ file, text }: Sql): Sql {
  const quoted = file.endsWith('.sql') ? /'tokenkeep: (?:[^']|'')*'/g : /'(?:[^']|'')*'/g;
  const code = text.replace(/--.*$/gm, '').replace(quoted, "''");
  return { file, text: code.replace(/\{\w*\}/g, 'name') };
}
