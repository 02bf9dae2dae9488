/** What the built-in providers answer; `scripts/provider-answers.mjs` writes the file. */

import { InvalidArgumentError } from '../../errors/errors';
import { didYouMean } from '../../input/nearest';

/** The members of a body. */
export type Body = Readonly<Record<string, unknown>>;

/** An answer, before a step changes it. */
export interface Answer {
  readonly status: number;
  readonly body: Body;
}

/** An error that a provider documents. */
interface ProviderError extends Answer {
  /** What it is called in errors of tokenkeep and by the provider, and its meaning; most specific first. */
  readonly names: readonly string[];
  /** Whether it is about an authorization code. */
  readonly isOfCode: boolean;
}

/** The answers of one provider. */
export interface ProviderAnswers {
  readonly code: Body;
  readonly refresh: Body;
  /** Whether a refresh answers with another refresh token, the same, or none. */
  readonly refreshToken: 'new' | 'same' | 'none';
  /** Whether a request to refresh has the parameter `grant_type`. */
  readonly namesGrantType: boolean;
  /** What answers call a scope; `null`: they do not name it. */
  readonly scopeAliases: Readonly<Record<string, string | null>>;
  readonly errors: readonly ProviderError[];
}

/** The answers of a built-in provider. */
export function answersOf(provider: string): ProviderAnswers {
  const all = require('./answers.json') as Readonly<Record<string, ProviderAnswers>>;
  const found = Object.hasOwn(all, provider) ? all[provider] : undefined;
  if (found) return found;
  const told = didYouMean(provider, Object.keys(all));
  throw refusal('provider', `no provider of this name is built in${told}`);
}

/** The error of this name. */
export function errorOf(
  argument: string,
  name: string,
  answers: ProviderAnswers | undefined,
): Answer {
  if (!answers) throw refusal(argument, 'needs the option provider');
  const { errors } = answers;
  const found =
    errors.find(({ names }) => names[0] === name) ??
    errors.find(({ names }) => names.includes(name));
  if (found) return found;
  const known = [...new Set(errors.flatMap(({ names }) => names))];
  const nearest = didYouMean(name, known) || `. It has: ${known.join(', ') || 'none'}`;
  throw refusal(argument, `the provider documents no such error${nearest}`);
}

/** How a provider refuses a dead refresh token, or a code. */
export function deadGrantOf(answers: ProviderAnswers | undefined, isCode: boolean): Answer {
  const dead = answers?.errors.filter(({ names }) => names.includes('grant_dead')) ?? [];
  const usual = { status: 400, body: { error: 'invalid_grant' } };
  return (isCode ? dead.find(({ isOfCode }) => isOfCode) : undefined) ?? dead[0] ?? usual;
}

export function refusal(argument: string, reason: string): InvalidArgumentError {
  return new InvalidArgumentError(`${argument}: ${reason}`, { argument });
}
