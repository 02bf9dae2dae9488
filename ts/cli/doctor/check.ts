/** The result of a check. */

/** `unknown`: it could not be checked. */
export type Status = 'ok' | 'warning' | 'problem' | 'unknown';

export interface Check {
  /** Stable, so that programs and people can look for it. */
  id: string;
  status: Status;
  /** One sentence: what was found. */
  found: string;
  /** What to do about it. */
  fix?: string;
  /** What was found, for programs. */
  values?: Record<string, unknown>;
}

export type Values = Record<string, unknown>;

/** It works. */
export function ok(id: string, found: string, values?: Values): Check {
  return { id, status: 'ok', found, ...(values && { values }) };
}

/** It works, but not in every case, or not safely. */
export function warning(id: string, found: string, fix: string, values?: Values): Check {
  return { id, status: 'warning', found, fix, ...(values && { values }) };
}

/** Something does not work. */
export function problem(id: string, found: string, fix: string, values?: Values): Check {
  return { id, status: 'problem', found, fix, ...(values && { values }) };
}

/** It could not be checked. */
export function unknown(id: string, found: string, fix?: string): Check {
  return { id, status: 'unknown', found, ...(fix !== undefined && { fix }) };
}

/** A message of the core: what was found up to its first full stop, then how to fix it. */
export function split(text: string): { found: string; fix: string } {
  const end = text.indexOf('. ');
  // The core begins with the variable and a colon.
  const found = (end < 0 ? text : text.slice(0, end)).replace(/^([A-Z_]+): (?=is|must)/, '$1 ');
  const fix = end < 0 ? 'Correct it.' : sentence(text.slice(end + 2));
  return { found: sentence(found), fix };
}

/** Ends with a full stop. */
export function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
