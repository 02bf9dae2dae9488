/**
 * The regular expressions of tokenkeep itself: each looks at a text in time that grows with its length
 * and no faster, whoever has written that text. Held by their form, which no clock can judge.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import ts from 'typescript-5';

const SOURCES = join(import.meta.dirname, '../../ts');

interface Pattern {
  where: string;
  source: string;
  flags: string;
}

/** All regular expressions of a file; one that is put together at run time has no source. */
function patternsOf(file: string): Pattern[] {
  const text = readFileSync(join(SOURCES, file), 'utf8');
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Pattern[] = [];
  const visit = (node: ts.Node): void => {
    const where = `${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
    if (ts.isRegularExpressionLiteral(node)) {
      const [, source = '', flags = ''] = /^\/(.*)\/(\w*)$/s.exec(node.text) ?? [];
      found.push({ where, source, flags });
    }
    const isMade = (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression;
    if (isMade && isMade.getText() === 'RegExp') found.push({ where, source: '', flags: '' });
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

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
 */
function faultOf({ source, flags }: Pattern): string | undefined {
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

/** Whether a part stands in a group that is itself repeated. */
function isRepeated(parts: string[], at: number): boolean {
  let depth = 0;
  return parts.slice(at).some((part, index, after) => {
    if (part.startsWith('(')) depth += 1;
    if (part !== ')') return false;
    depth -= 1;
    return depth < 0 && /^(?:[*+]|\{)/.test(after[index + 1] ?? '');
  });
}

/** Whether there are alternatives of the whole pattern, of which only the first has its beginning. */
function hasAlternatives(parts: string[]): boolean {
  let depth = 0;
  return parts.some((part) => {
    if (part.startsWith('(')) depth += 1;
    if (part === ')') depth -= 1;
    return part === '|' && depth === 0;
  });
}

describe('the rule', () => {
  it.each([
    [/^bearer +(.*\S) *$/i],
    [/\?(.*&)?ssl(mode)?=no-verify(&|$)/],
    [/\?(.*&)?ssl/],
    [/^(localhost|127(\.\d+){3})$/],
    [/^(a+)+$/],
    [/^(?:a|b)*c/],
    [/\s+$/],
    [/^x|y*z/],
    [/^a*b/m],
    [/(a{1,100}){1,100}/],
    [/(a)\1/],
  ])('refuses %s', ({ source, flags }) => {
    expect(faultOf({ where: '', source, flags })).toBeDefined();
  });

  it.each([
    [/^[\w-]{43}$/],
    [/^\d+$/],
    [/[&<>"']/g],
    [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
    [/\d[\w.]*/],
    [/^(a|b)_[*+]x/],
    [/[\s\\\p{Cc}]/u],
  ])('takes %s', ({ source, flags }) => {
    expect(faultOf({ where: '', source, flags })).toBeUndefined();
  });
});

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
);

it('holds for every one of them', () => {
  const patterns = files.flatMap(patternsOf);
  const faults = patterns.flatMap((pattern) => {
    const fault = faultOf(pattern);
    return fault ? [`${pattern.where}: /${pattern.source}/ ${fault}`] : [];
  });
  expect(faults).toEqual([]);
  expect(patterns.length).toBeGreaterThan(15);
});
