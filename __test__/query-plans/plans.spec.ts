/**
 * A statement that reads more than its row is fast on the table of a test, and brings a server to its
 * knees on a table of millions. So each statement is run on tables of 20,000 rows, and the server says
 * how it has found the row.
 */

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTokenKeep } from '../../dist/index.js';
import { startTokenEndpoint, type TokenEndpoint } from '../../dist/testing/index.js';
import { examine } from '../doctor/doctor';
import { driveAll, optionsOf } from './calls';
import { EXCEPTIONS } from './exceptions';
import { featuresIn, featuresOf, wordsOf } from './features';
import { driveRare } from './rare';
import { Recorder } from './recorder';
import { fillTables } from './rows';
import { described, type Indexes, indexesOf, type PlanNode, wideScans } from './scans';
import { type Explained, type ExplainingServer, type Seen, startExplainingServer } from './server';

const recorder = new Recorder();
let server: ExplainingServer;
let endpoint: TokenEndpoint;
let indexes: Indexes;
let seen: Seen;
/** Of prepared statements, planned for any value. */
let generic: Explained[];
/** Also those of a diagnosis, which may look further than other databases can. */
let withDoctor: string[];

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
  const drive = async (of: string) => {
    const keep = createTokenKeep(options);
    const stage = { keep: recorder.of(keep), endpoint, databaseUrl: server.url };
    await driveAll({ ...stage, testUrl: server.unexplainedUrl }, of);
    await keep.close();
  };
  await drive(userId);
  const rare = await server.createDatabase('rare');
  await driveRare(rare);
  seen = await server.seen();
  await examine({ DATABASE_URL: rare });
  withDoctor = (await server.seen()).statements;
  const before = (await server.seen()).plans.length;
  await server.planGenerically();
  await drive(randomUUID());
  const { plans, prepared } = await server.seen();
  generic = plans.slice(before).filter(({ text }) => prepared.has(text));
}, 180_000);
afterAll(async () => {
  await endpoint?.stop();
  await server?.stop();
});

const flat = (text: string): string => text.replace(/\s+/g, ' ');

/** What each statement reads beyond its row. */
const wide = (plans = seen.plans) =>
  plans.flatMap(({ text, plan }) =>
    wideScans(plan, indexes).map((scan) => ({ statement: flat(text), scan })),
  );

type Wide = ReturnType<typeof wide>[number];

const exceptionOf = ({ statement, scan }: Wide) =>
  EXCEPTIONS.find(
    ({ texts, indexes: allowed }) =>
      texts.some((text) => statement.includes(text)) && allowed.includes(scan.index ?? 'none'),
  );

const TABLES = [
  'gmail_tokens',
  'oauth_tokens',
  'token_vault',
  'google_calendar_tokens',
  'integration_tokens',
];

/** What a refresh does to a row, as a part of the statement for it. */
const STEPS = {
  stores: /^INSERT INTO .* ON CONFLICT|^WITH .* INSERT INTO .* ON CONFLICT/,
  leases: /^UPDATE .* SET refreshing_at = clock_timestamp\(\)/,
  commits: /^(WITH clock .*|)UPDATE .* SET (refresh_token|encrypted_\w+) = \$4|, r AS /,
  releases: /^UPDATE .* SET refreshing_at = \$3/,
  'expires early': /^UPDATE .* SET \w+ = LEAST/,
  'marks revoked':
    /^DELETE FROM .*\brefreshing_at|^UPDATE .*(invalid_since = clock|is_valid = 'false')/,
};

describe('on tables of many rows', () => {
  it('every function of every store is called', () => {
    expect(recorder.uncalled()).toEqual([]);
  });

  it.each(TABLES)('every step of a refresh is run on %s', (table) => {
    const texts = seen.plans
      .map(({ text }) => flat(text).replace(/^(\/\*[A-Z ]+\*\/ )+/, ''))
      .filter((text) => text.includes(table));
    const missing = Object.entries(STEPS).filter(
      ([, step]) => !texts.some((one) => step.test(one)),
    );
    expect(missing.map(([name]) => name)).toEqual([]);
  });

  it('a row is found by a unique key, in every statement', () => {
    const problems = wide().filter((found) => !exceptionOf(found));
    const told = problems.map(({ statement, scan }) => `${described(scan)}: ${statement}`);
    expect([...new Set(told)]).toEqual([]);
  });

  it('a row is found by a unique key also by a plan for any value, which a prepared statement may get', () => {
    expect(new Set(generic.map(({ text }) => text)).size).toBeGreaterThan(50);
    const problems = wide(generic).filter((found) => !exceptionOf(found));
    const told = problems.map(({ statement, scan }) => `${described(scan)}: ${statement}`);
    expect([...new Set(told)]).toEqual([]);
  });

  it('no exception is made that nothing needs any more', () => {
    const statements = wide().map(({ statement }) => statement);
    const texts = EXCEPTIONS.flatMap((exception) => exception.texts);
    expect(texts.filter((text) => !statements.some((one) => one.includes(text)))).toEqual([]);
  });
});

describe('docs/scaling.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/scaling.md'), 'utf8');
  const listed = featuresIn(page);
  const words = wordsOf(listed);

  it('lists every feature of SQL that a statement or a migration uses', () => {
    const used = featuresOf(seen.statements);
    expect(used.length).toBeGreaterThan(50);
    const isListed = (name: string) => words.has(name) || listed.includes(name);
    expect(used.filter((name) => !isListed(name))).toEqual([]);
  });

  it('lists none that nothing uses any more', () => {
    const used = withDoctor.join('\n');
    const stale = [...words].filter((word) => !new RegExp(`\\b${word}\\b`).test(used));
    expect(stale).toEqual([]);
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
