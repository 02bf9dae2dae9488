/** What the fake does is what the real instance does, on a database and with a provider. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ProviderThrottledError, type TokenKeep } from '../../dist/index.js';
import {
  type FakeTokenKeep,
  type TestDatabase,
  type TokenEndpoint,
  type TokenEndpointStep,
  expireToken,
  fakeTokenKeep,
  startTestDatabase,
  startTokenEndpoint,
} from '../../dist/testing/index.js';
import { keepFor } from './instance';
import { type StoreCase, storeCases } from './stores';

let database: TestDatabase;
let endpoint: TokenEndpoint;
let real: TokenKeep;

beforeAll(async () => {
  database = await startTestDatabase({ server: inject('databaseUrl') });
  endpoint = await startTokenEndpoint();
  real = keepFor(database, endpoint);
});
afterAll(async () => {
  await real?.close();
  await endpoint?.stop();
  await database?.stop();
});

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000);

/** What the provider says to one refresh, in the words of the endpoint and of the fake. */
interface Answer {
  step: TokenEndpointStep;
  thrown?: () => Error;
}
const DEAD: Answer = { step: { error: 'invalid_grant' }, thrown: () => new Error('invalid_grant') };
const THROTTLED: Answer = {
  step: { retryAfter: 1 },
  thrown: () => new ProviderThrottledError(),
};

/** An instance of either kind, and what is scripted. */
interface Subject {
  keep: TokenKeep;
  target: string | FakeTokenKeep;
  script(answers: Answer[]): void;
}

function realSubject(): Subject {
  const script = (answers: Answer[]) => endpoint.script(answers.map(({ step }) => step));
  return { keep: real, target: database.url, script };
}

function fakeSubject(): Subject {
  let answers: Answer[] = [];
  let count = 0;
  const keep = fakeTokenKeep({
    refresh: ({ refreshToken }) => {
      const { thrown } = answers.shift() ?? {};
      if (thrown) throw thrown();
      return { accessToken: `access-${++count}`, refreshToken: `${refreshToken}+` };
    },
  });
  return { keep, target: keep, script: (next) => (answers = [...next]) };
}

type Scenario = (subject: Subject, of: StoreCase, ask: () => Promise<string>) => Promise<string[]>;

const SCENARIOS: Record<string, Scenario> = {
  'nothing is stored': async (_subject, _of, ask) => [await ask()],
  'a fresh token': async ({ keep }, { store }, ask) => {
    await store(keep, inMinutes(60), endpoint.issue());
    return [await ask()];
  },
  'a token that expires twice': async ({ keep, target }, { store, key }, ask) => {
    await store(keep, inMinutes(60), endpoint.issue());
    const outcomes: string[] = [];
    for (let times = 0; times < 2; times++) {
      await expireToken(target, key);
      outcomes.push(await ask(), await ask());
    }
    return outcomes;
  },
  'a grant that is dead, until the user connects again': async (subject, { store }, ask) => {
    subject.script([DEAD]);
    await store(subject.keep, inMinutes(-1), endpoint.issue());
    const outcomes = [await ask(), await ask()];
    await store(subject.keep, inMinutes(60), endpoint.issue());
    return [...outcomes, await ask()];
  },
  'a provider that throttles, while the token is usable': async (subject, { store }, ask) => {
    subject.script([THROTTLED]);
    await store(subject.keep, inMinutes(3), endpoint.issue());
    return [await ask()];
  },
  'a provider that throttles, and the token is spent': async (subject, { store }, ask) => {
    subject.script([THROTTLED]);
    await store(subject.keep, inMinutes(0.5), endpoint.issue());
    return [await ask()];
  },
  'no refresh token, while the token is usable': async ({ keep }, { store }, ask) => {
    await store(keep, inMinutes(3), { ...endpoint.issue(), refreshToken: '' });
    return [await ask()];
  },
  'no refresh token, and the token is spent': async ({ keep }, { store }, ask) => {
    await store(keep, inMinutes(-1), { ...endpoint.issue(), refreshToken: '' });
    return [await ask()];
  },
};

/** The outcomes in words that are the same for both: which token in turn, or the error's name. */
function outcomesOf(play: Scenario, subject: Subject, of: StoreCase): Promise<string[]> {
  const seen: (string | undefined)[] = [];
  return play(subject, of, async () => {
    try {
      const token = await of.valid(subject.keep);
      if (!seen.includes(token)) seen.push(token);
      return token === undefined ? 'nothing' : `token ${seen.indexOf(token)}`;
    } catch (error) {
      return (error as Error).name;
    }
  });
}

describe.each(storeCases(randomUUID()).map(({ name }, index) => ({ name, index })))(
  '$name',
  ({ index }) => {
    it.each(Object.entries(SCENARIOS))('%s', async (_, play) => {
      const of = () => storeCases(randomUUID())[index]!;
      endpoint.script([]);
      const wanted = await outcomesOf(play, realSubject(), of());
      expect(await outcomesOf(play, fakeSubject(), of())).toEqual(wanted);
    });
  },
);
