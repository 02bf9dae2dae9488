/** `npm run check` refuses a regular expression that a long text could slow down out of proportion. */

import { describe, expect, it } from 'vitest';
import { patternFault, patternsOf } from '../../scripts/lint/regular-expressions.mjs';

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
  ])('refuses %s', (pattern) => {
    expect(patternFault(pattern)).toBeDefined();
  });

  it.each([
    [/^[\w-]{43}$/],
    [/^\d+$/],
    [/[&<>"']/g],
    [/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
    [/\d[\w.]*/],
    [/^(a|b)_[*+]x/],
    [/[\s\\\p{Cc}]/u],
  ])('accepts %s', (pattern) => {
    expect(patternFault(pattern)).toBeUndefined();
  });

  it('sees every pattern of a file, and refuses one that is put together at run time', () => {
    const found = patternsOf("const a = /x+y/g;\nconst b = new RegExp('x');\n");
    expect(found).toEqual([
      { line: 1, source: 'x+y', flags: 'g' },
      { line: 2, source: '', flags: '' },
    ]);
    expect(patternFault(found[1]!)).toBe('it is put together at run time');
  });
});
