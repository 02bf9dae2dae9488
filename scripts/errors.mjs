// Writes docs/errors.md: the codes and classes as src/error/mod.rs declares them and the build has them;
// meaning and remedy from the comments of the classes in ts/errors/errors.ts.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.mjs';

const require = createRequire(import.meta.url);
const file = join(root, 'docs/errors.md');

const HEAD = `# Errors

Every error has a stable \`code\` and says whether it is \`retryable\`: whether the same call may succeed later without any change. If a refresh fails but the stored token is valid for another minute, you get the token instead of the error.

Match the class or the code, never the message. All classes extend \`TokenkeepError\`, except \`InvalidArgumentError\`, which is a \`TypeError\`. \`GmailNotConnectedError\` and \`GmailTokenRevokedError\` are subclasses for the gmail store.

This table is generated from the code by \`npm run docs:errors\`.

| \`code\` | class | retryable | meaning | what to do |
| --- | --- | --- | --- | --- |
`;

/** The comment of each class: the meaning, and the remedy in `@remarks`. */
function comments() {
  const source = readFileSync(join(root, 'ts/errors/errors.ts'), 'utf8');
  const found = source.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport class (\w+)/g);
  return new Map(
    [...found].map(([, comment, name]) => {
      const text = comment.replace(/\n \* ?/g, ' ').replace(/\s+/g, ' ');
      const [meaning, remedy] = text.split('@remarks').map((part) => part.trim());
      return [name, { meaning, remedy }];
    }),
  );
}

/** The table's rows: the codes of the core in its order, then those of JavaScript only. */
function rows() {
  const tokenkeep = require('../dist/index.js');
  const declared = require('../native.js').errorCodes();
  const known = declared.map((error) => [tokenkeep[error.class], error.code, error.retryable]);
  const own = Object.values(tokenkeep)
    .filter((value) => typeof value === 'function' && value.prototype instanceof Error)
    .map((Class) => [Class, new Class().code, new Class().retryable])
    .filter(([Class]) => Class.name !== 'TokenkeepError')
    .filter(([, code]) => !declared.some((error) => error.code === code));
  const told = comments();
  return [...known, ...own].map(([Class, code, retryable]) => {
    const { meaning, remedy } = told.get(Class.name) ?? {};
    if (!meaning || !remedy) throw new Error(`${Class.name} has no comment with @remarks`);
    const often = retryable === undefined ? 'depends' : retryable ? 'yes' : 'no';
    return `| \`${code}\` | \`${Class.name}\` | ${often} | ${meaning} | ${remedy} |\n`;
  });
}

/** The whole document. */
export function errorsDocument() {
  return HEAD + rows().join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, errorsDocument());
