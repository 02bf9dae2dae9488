// Each regular expression of ts/ must look at a text in time that grows with its length and no faster,
// whoever has written that text. Judged by its form, which no clock can judge.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript-5';

/** The parts of a pattern: a class or character, a bracket, an alternative, a quantifier. */
const PART =
  /\\[pP]\{[^}]*\}|\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<\w+>))?|\)|\||[*+?]\??|\{\d+(?:,\d*)?\}\??|./gs;
const MANY = /^(?:[*+]|\{\d+,\})/;
/** How often a part with bounds may be looked at, together with those around it. */
const MOST = 1_000;

/**
 * Why a pattern may take more than a multiple of the text's length, or nothing. There may be one
 * repetition without an end, of a single character, and either the pattern begins at the text's own
 * beginning or nothing that could fail stands behind it: then it is gone through once, and once back.
 *
 * @param {{ source: string, flags: string }} pattern `source` is '' when it is put together at run time
 * @returns {string | undefined}
 */
export function patternFault({ source, flags }) {
  if (source === '') return 'it is put together at run time';
  const parts = source.match(PART) ?? [];
  const endless = parts.flatMap((part, index) => (MANY.test(part) ? [index] : []));
  if (parts.some((part) => /^\\[1-9k]/.test(part))) return 'it refers back';
  let product = 1;
  for (const part of parts) {
    // An exact number leaves no choice.
    const [, least, most] = /^\{(\d+),(\d+)\}/.exec(part) ?? [];
    if (most !== undefined) product *= Number(most) - Number(least) + 1;
  }
  if (product > MOST) return 'its bounds are too large';
  const [at] = endless;
  if (at === undefined) return undefined;
  if (endless.length > 1) return 'it has several repetitions without an end';
  if (parts[at - 1] === ')') return 'it repeats a group without an end';
  if (isRepeated(parts, at)) return 'it repeats a repetition without an end';
  const isAnchored = parts[0] === '^' && !flags.includes('m') && !hasAlternatives(parts);
  const isLast = parts.slice(at + 1).every((part) => part === ')');
  return isAnchored || isLast ? undefined : 'it begins anywhere, and can fail behind a repetition';
}

/** Whether a part stands in a group that is itself repeated. @param {string[]} parts @param {number} at */
function isRepeated(parts, at) {
  let depth = 0;
  return parts.slice(at).some((part, index, after) => {
    if (part.startsWith('(')) depth += 1;
    if (part !== ')') return false;
    depth -= 1;
    return depth < 0 && /^(?:[*+]|\{)/.test(after[index + 1] ?? '');
  });
}

/**
 * Whether there are alternatives of the whole pattern, of which only the first has its beginning.
 *
 * @param {string[]} parts
 */
function hasAlternatives(parts) {
  let depth = 0;
  return parts.some((part) => {
    if (part.startsWith('(')) depth += 1;
    if (part === ')') depth -= 1;
    return part === '|' && depth === 0;
  });
}

/**
 * All regular expressions of a file.
 *
 * @param {string} text TypeScript
 * @returns {{ line: number, source: string, flags: string }[]}
 */
export function patternsOf(text) {
  const tree = ts.createSourceFile('', text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    const line = tree.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    if (ts.isRegularExpressionLiteral(node)) {
      const [, source = '', flags = ''] = /^\/(.*)\/(\w*)$/s.exec(node.text) ?? [];
      found.push({ line, source, flags });
    }
    const made = (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression;
    if (made && made.getText() === 'RegExp') found.push({ line, source: '', flags: '' });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

/** All faults of a checkout. @param {string} root @returns {string[]} */
export function patternFaults(root) {
  const folder = join(root, 'ts');
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.ts'));
  return files.flatMap((file) =>
    patternsOf(readFileSync(join(folder, file), 'utf8')).flatMap((pattern) => {
      const fault = patternFault(pattern);
      return fault ? [`ts/${file}:${pattern.line}: /${pattern.source}/ ${fault}`] : [];
    }),
  );
}
