/** What a check comes to. */

/** `unknown`: it could not be looked at. */
export type Status = 'ok' | 'warning' | 'problem' | 'unknown';

export interface Check {
  /** Stable: for programs, and for searching. */
  id: string;
  status: Status;
  /** One sentence: what was found. */
  found: string;
  /** How to fix it. */
  fix?: string;
  /** What was found, for programs. */
  values?: Record<string, unknown>;
}

export type Values = Record<string, unknown>;

/** All is well. */
export function ok(id: string, found: string, values?: Values): Check {
  return { id, status: 'ok', found, ...(values && { values }) };
}

/** It works, but not in every case, or not as one would wish. */
export function warning(id: string, found: string, fix: string, values?: Values): Check {
  return { id, status: 'warning', found, fix, ...(values && { values }) };
}

/** Something does not work. */
export function problem(id: string, found: string, fix: string, values?: Values): Check {
  return { id, status: 'problem', found, fix, ...(values && { values }) };
}

/** It could not be looked at. */
export function unknown(id: string, found: string, fix?: string): Check {
  return { id, status: 'unknown', found, ...(fix !== undefined && { fix }) };
}

/** A sentence of the core's: up to its first full stop what was found, then how to fix it. */
export function split(text: string): { found: string; fix: string } {
  const end = text.indexOf('. ');
  // The core names a variable as a heading.
  const found = (end < 0 ? text : text.slice(0, end)).replace(/^([A-Z_]+): (?=is|must)/, '$1 ');
  const fix = end < 0 ? 'Correct it.' : sentence(text.slice(end + 2));
  return { found: sentence(found), fix };
}

/** With a full stop. */
export function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
