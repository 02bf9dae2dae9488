/** When the runner says that a run failed. */

import { describe, expect, it } from 'vitest';
import { report } from './report.mjs';

const clean = {
  fault: 'a cut',
  rounds: 2,
  rows: 10,
  lost: 0,
  doubles: 0,
  inherent: 'nobody can help it',
  inherentCount: 3,
  wrongDeletions: 0,
  errors: 0,
};
const result = (...lines: (typeof clean)[]) => ({ name: 'a scenario', seconds: 1.2, lines });

describe('a run', () => {
  it('in which nothing but the inherent happened has not failed', () => {
    expect(report.hasFailed(result(clean))).toBe(false);
    expect(report.text(result(clean))).not.toContain('FAILED');
    expect(report.text(result(clean))).toContain('inherent: nobody can help it');
  });

  it.each(['lost', 'doubles', 'wrongDeletions', 'errors'])('with %s has failed', (count) => {
    const results = [result(clean, { ...clean, [count]: 1 }), result({ ...clean, [count]: NaN })];
    for (const bad of results) {
      expect(report.hasFailed(bad)).toBe(true);
      expect(report.text(bad)).toContain('FAILED');
    }
  });

  it('that calls something inherent without a reason has failed', () => {
    expect(report.hasFailed(result({ ...clean, inherent: '' }))).toBe(true);
    expect(report.hasFailed(result({ ...clean, inherent: '', inherentCount: 0 }))).toBe(false);
  });

  it('that shows nothing, or breaks off, has failed', () => {
    expect(report.hasFailed(result())).toBe(true);
    expect(report.hasFailed({ ...result(clean), thrown: 'Error: away' })).toBe(true);
    expect(report.text({ ...result(), thrown: 'Error: away' })).toContain('FAILED: Error: away');
  });
});
