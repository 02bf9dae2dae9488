/**
 * Shows what tokenkeep does, in one minute: `npm run demo`, or `npm run --silent demo -- --json` for one
 * JSON object on stdout. `-- --compare` also runs a hand-written service.
 */
import crypto from 'node:crypto';

import { openDatabase } from '../support/postgres.mjs';
import { startGoogle } from '../support/google.mjs';
import { build, DemoError } from './build.mjs';
import { compare } from './comparison.mjs';
import { containsPlaintext, describe, operator } from './row.mjs';
import { createScreen } from './screen.mjs';
import { prepareStorm } from './storm.mjs';

const processes = 4;
const callersEach = 50;

const known = ['--json', '--compare'];
const [json, compares] = known.map((flag) => process.argv.includes(flag));
const unknown = process.argv.slice(2).filter((flag) => !known.includes(flag));
if (unknown.length > 0) {
  console.error(`demo: unknown option ${unknown.join(' ')}. Use ${known.join(' or ')}`);
  process.exit(2);
}
const screen = createScreen(json ? process.stderr : process.stdout);

/** @type {(() => void | Promise<void>)[]} */
const cleanups = [];
const defer = (cleanup) => void cleanups.push(cleanup);

async function story() {
  screen.title('Prepare');
  await build(screen, defer);
  const { createTokenKeep } = await import('tokenkeep');
  const what = process.env.DATABASE_URL ? 'use the PostgreSQL of DATABASE_URL' : 'start PostgreSQL';
  const database = await screen.step(what, startDatabase, describeServer);
  const google = await screen.step("start an OAuth server in Google's place", startProvider);

  const options = {
    databaseUrl: database.url,
    gmailEncryptionKey: crypto.randomBytes(32).toString('hex'),
    googleClientId: google.clientId,
    googleClientSecret: google.clientSecret,
    googleTokenUrl: google.tokenUrl,
  };
  const userId = `demo-${crypto.randomUUID()}`;
  const operate = operator(database.url, userId);
  // Registered before `close`, so it runs after it: running work may still write the row.
  defer(operate.removeRow);
  const keep = createTokenKeep(options);
  defer(() => keep.close());
  await screen.step('migrate', () => keep.migrate({ stores: ['gmail'] }));

  screen.title('A user connects');
  const granted = await screen.step('authorization code with PKCE', () => google.connect(userId));
  await keep.gmail.upsertGmailTokens({ userId, tenantId: 'demo', ...tokensOf(granted) });

  const row = await operate.row();
  screen.note('the row, as an operator sees it:');
  screen.pairs(describe(row));
  let plaintextInRow = containsPlaintext(row, [granted.accessToken, granted.refreshToken]);
  screen.check(!plaintextInRow, 'no column contains a token');

  screen.title('The token expires, and everybody asks at once');
  const storm = { processes, callers: callersEach, userId, options };
  const start = await screen.step(`start ${processes} processes`, () => prepareStorm(storm, defer));
  await operate.expire();
  google.resetCount();
  const callers = processes * callersEach;
  const { waitsMs, distinct, failures } = await screen.step(`${callers} callers ask`, start);
  if (failures.length > 0) {
    throw new DemoError(`${failures.length} callers got no token. The first: ${failures[0]}`);
  }
  const tokenRequests = google.tokenRequests();
  const [p50, p99] = [0.5, 0.99].map((share) => percentile(waitsMs, share));
  screen.table({
    callers,
    processes,
    'requests to the token endpoint': tokenRequests,
    'wait p50': `${p50} ms`,
    'wait p99': `${p99} ms`,
    'distinct tokens': distinct,
  });
  screen.check(tokenRequests === 1 && distinct === 1, 'one request, one token for all of them');

  const current = await keep.gmail.getValidGmailToken(userId);
  plaintextInRow ||= containsPlaintext(await operate.row(), [
    current.accessToken,
    current.refreshToken,
  ]);
  screen.check(!plaintextInRow, 'the new tokens are sealed as well');

  screen.title('The user takes the access back');
  await screen.step('revoke at the provider', () => google.revoke(current.refreshToken));
  await operate.expire();
  const revokedError = await nameOfError(keep.gmail.getValidGmailToken(userId));
  const rowAfterRevoke = await operate.count();
  screen.check(revokedError === 'GmailTokenRevokedError', `the next caller: ${revokedError}`);
  screen.check(rowAfterRevoke === 0, `rows left: ${rowAfterRevoke}`);

  const scene = { google, operate, storm, defer };
  const comparison = compares && (await compare(scene, screen));

  return {
    database: describeServer(database),
    callers,
    processes,
    tokenRequests,
    distinctAccessTokens: distinct,
    waitMsP50: p50,
    waitMsP99: p99,
    plaintextInRow,
    revokedError,
    rowAfterRevoke,
    ...(comparison && { comparison }),
  };
}

async function startDatabase() {
  const database = await openDatabase().catch((error) => {
    if (!process.env.DATABASE_URL) throw error;
    throw new DemoError(`Cannot use the server of DATABASE_URL: ${error.message}`);
  });
  defer(() => database.stop());
  return database;
}

function describeServer({ version, embedded }) {
  return `PostgreSQL ${version} (${embedded ? 'embedded' : 'DATABASE_URL'})`;
}

async function startProvider() {
  const google = await startGoogle();
  defer(google.close);
  return google;
}

function tokensOf({ accessToken, refreshToken, expiresIn, scope }) {
  return { accessToken, refreshToken, expiresAt: new Date(Date.now() + expiresIn * 1000), scope };
}

/** The nearest rank, rounded to a tenth. */
function percentile(sorted, share) {
  return Math.round(sorted[Math.ceil(share * sorted.length) - 1] * 10) / 10;
}

async function nameOfError(promise) {
  return promise.then(
    () => null,
    (error) => error.name,
  );
}

let cleaning;

/** Cleans up in reverse order; continues after failures. */
function cleanUp() {
  return (cleaning ??= (async () => {
    while (cleanups.length > 0) {
      try {
        await cleanups.pop()();
      } catch (error) {
        screen.bad(`while cleaning up: ${error.message}`);
      }
    }
  })());
}

let interrupted = false;

async function interrupt(code) {
  interrupted = true;
  await cleanUp();
  process.exit(code);
}

process.once('SIGINT', () => interrupt(130));
process.once('SIGTERM', () => interrupt(143));

try {
  const result = await story().finally(cleanUp);
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = screen.allGood() ? 0 : 1;
} catch (error) {
  if (!interrupted) screen.bad(error instanceof DemoError ? error.message : error.stack);
  process.exitCode = 1;
}
