/**
 * A statement that reads more than its row is fast on the table of a test, and brings a server to its
 * knees on a table of millions. So each statement is run on tables of 20,000 rows, and the server says
 * how it has found the row.
 */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { startTokenEndpoint, type TokenEndpoint } from '../../dist/testing/index.js';
import { driveAll, optionsOf } from './calls';
import { EXCEPTIONS, NOT_RUN } from './exceptions';
import { Recorder } from './recorder';
import { fillTables } from './rows';
import { described, type Indexes, indexesOf, type PlanNode, wideScans } from './scans';
import { type Explained, type ExplainingServer, startExplainingServer } from './server';
import { statementsOfStores } from './statements';

const statements = statementsOfStores();
const recorder = new Recorder();
let server: ExplainingServer;
let endpoint: TokenEndpoint;
let indexes: Indexes;
let plans: Explained[];

beforeAll(async () => {
  server = await startExplainingServer();
  endpoint = await startTokenEndpoint();
  const options = optionsOf({ databaseUrl: server.url, endpoint });
  const migrating = createTokenKeep(options);
  await migrating.migrate({ stores: ['gmail', 'zoho', 'vault', 'calendar', 'integration'] });
  await migrating.close();
  const userId = randomUUID();
  await fillTables(server.client, userId);
  indexes = await indexesOf(server.client);
  await server.explain();
  const keep = createTokenKeep(options);
  const stage = { keep: recorder.of(keep), endpoint, databaseUrl: server.url };
  await driveAll({ ...stage, testUrl: server.unexplainedUrl }, userId);
  await keep.close();
  plans = await server.plans();
});
afterAll(async () => {
  await endpoint?.stop();
  await server?.stop();
});

const nameOf = (text: string): string =>
  statements.find((statement) => statement.is(text))?.name ?? `a statement without a name: ${text}`;

/** What each statement reads beyond its row. */
const wide = () =>
  plans.flatMap(({ text, plan }) =>
    wideScans(plan, indexes).map((scan) => ({ statement: nameOf(text), scan })),
  );

type Wide = ReturnType<typeof wide>[number];

const exceptionOf = ({ statement, scan }: Wide) =>
  EXCEPTIONS.find(
    ({ statements: names, indexes: allowed }) =>
      names.includes(statement) && allowed.includes(scan.index ?? 'none'),
  );

describe('on tables of many rows', () => {
  it('every function of every store is called', () => {
    expect(recorder.uncalled()).toEqual([]);
  });

  it('every statement of the stores is run, and no other', () => {
    const unseen = statements.filter(({ is }) => !plans.some(({ text }) => is(text)));
    expect(unseen.map(({ name }) => name)).toEqual(Object.keys(NOT_RUN));
    const named = (text: string) => statements.filter(({ is }) => is(text)).map(({ name }) => name);
    expect(plans.filter(({ text }) => named(text).length > 1)).toEqual([]);
    const touching = plans.filter(({ plan }) => JSON.stringify(plan).includes('"Relation Name"'));
    const unknown = touching.filter(({ text }) => named(text).length === 0);
    expect(unknown.map(({ text }) => text)).toEqual([]);
  });

  it('a row is found by a unique key, in every statement', () => {
    const problems = wide().filter((found) => !exceptionOf(found));
    const told = problems.map(({ statement, scan }) => `${statement}: ${described(scan)}`);
    expect([...new Set(told)]).toEqual([]);
  });

  it('no exception is made that nothing needs any more', () => {
    const needed = new Set(wide().map(({ statement }) => statement));
    const made = EXCEPTIONS.flatMap(({ statements: names }) => names);
    expect(made.filter((name) => !needed.has(name))).toEqual([]);
  });
});

describe('a plan is refused that', () => {
  const index = (isUnique: boolean, columns: string[]) => ({ table: 'tokens', isUnique, columns });
  const known: Indexes = new Map([
    ['by_user', index(true, ['user_id', 'provider'])],
    ['by_expiry', index(false, ['expires_at'])],
  ]);
  const scan = (name: string, condition: string): PlanNode => ({
    'Node Type': 'Index Scan',
    'Relation Name': 'tokens',
    'Index Name': name,
    'Index Cond': condition,
  });
  const refused = (part: PlanNode) =>
    wideScans({ 'Node Type': 'Limit', Plans: [part] }, known).map(described);

  it('reads the whole table', () => {
    const seq: PlanNode = { 'Node Type': 'Seq Scan', 'Relation Name': 'tokens' };
    expect(refused(seq)).toEqual(['Seq Scan on tokens']);
  });

  it('uses an index that is not unique, or a part of one', () => {
    expect(refused(scan('by_expiry', "(expires_at = 'x')"))).toHaveLength(1);
    expect(refused(scan('by_user', "(user_id = 'x')"))).toHaveLength(1);
    expect(refused(scan('by_user', "((user_id = 'x') AND (provider > 'y'))"))).toHaveLength(1);
    expect(refused(scan('by_user', "((t.user_id = u.id) AND ((provider)::text = 'y'))"))).toEqual(
      [],
    );
  });
});
