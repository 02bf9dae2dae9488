/** The commands of the CLI, each declared once. */

import { type Command, command } from './command';
import { STORE_NAMES, storesThat } from '../stores/registry';

const json = { text: 'print one JSON object' };
const schema = { value: 'NAME', text: 'the schema of the tables' };

const SEALED = storesThat('seals');
const REVIVABLE = storesThat('revives');

export const COMMANDS: readonly Command[] = [
  command({
    name: 'migrate',
    summary: 'create or update the tables of stores',
    description: `Creates the tables of the named stores, or adds what they lack. It is safe to run again, and in
several processes at once.`,
    environment: ['DATABASE_URL'],
    options: {
      store: {
        value: 'NAME',
        choices: STORE_NAMES,
        multiple: true,
        required: true,
        text: 'the stores',
      },
      schema,
      keep: {
        value: 'newest',
        choices: ['newest'],
        text: 'delete all but the newest of several rows with one key; an error by default',
      },
      json,
    },
    example: 'npx tokenkeep migrate --store gmail,integration',
    failure: 'failure',
    run: (values) => (require('./migrate') as typeof import('./migrate')).migrate(values),
  }),
  command({
    name: 'doctor',
    summary: 'check the set-up, and say how to fix what is wrong',
    description: `Checks the connection, TLS, poolers, clocks, tables, privileges, row-level security, keys and
providers, and says how to fix what is wrong. It writes nothing, and prints no token and no key.`,
    environment: ['the variables of the application'],
    options: {
      store: {
        value: 'NAME',
        choices: STORE_NAMES,
        multiple: true,
        text: 'the stores, by default those with a table or a variable of their own',
      },
      schema,
      offline: { text: 'send no request to providers' },
      json,
    },
    example: 'npx tokenkeep doctor --store gmail --json',
    failure: 'a problem was found',
    run: (values) => (require('./doctor') as typeof import('./doctor')).doctor(values),
  }),
  command({
    name: 'keygen',
    summary: 'print a new key',
    description: 'Prints a new random key for GMAIL_ENCRYPTION_KEY or TOKENKEEP_KEY.',
    environment: [],
    options: { json },
    example: 'npx tokenkeep keygen',
    failure: 'failure',
    run: (values) => (require('./keygen') as typeof import('./keygen')).keygen(values),
  }),
  command({
    name: 'refresh',
    summary: 'refresh the tokens of the integration store that expire soon',
    description: `Refreshes the tokens of the integration store that expire soon, before a caller has to wait for
them. Any number of processes can run at once. On SIGTERM or SIGINT it sends no more requests,
stores the answers that are on the way, and exits. It knows the providers of tokenkeep.config.mjs
(or .js, .ts, .json) in the current folder, and those whose client is in the environment.`,
    environment: [
      'DATABASE_URL',
      'TOKENKEEP_KEY',
      'GOOGLE_CLIENT_ID',
      'GOOGLE_CLIENT_SECRET',
      'TOKENKEEP_<NAME>_CLIENT_ID',
      'TOKENKEEP_<NAME>_CLIENT_SECRET',
    ],
    options: {
      'expires-within': {
        value: 'SECONDS',
        default: '900',
        text: 'refresh tokens that expire within this time',
      },
      concurrency: { value: 'NUMBER', default: '8', text: 'refreshes at once' },
      limit: { value: 'NUMBER', text: 'rows to try at most, by default all' },
      'max-per-second': {
        value: 'NUMBER',
        text: 'requests to each provider per second, by default unlimited',
      },
      schema,
      json,
    },
    example: 'npx tokenkeep refresh --expires-within 1800 --concurrency 4',
    failure: 'failure, or a token could not be refreshed',
    run: (values) => (require('./refresh') as typeof import('./refresh')).refresh(values),
  }),
  command({
    name: 'revive',
    summary: 'try connections again that were marked as revoked',
    description: `Clears the mark of connections that were marked as revoked, so that the next call tries them
again: for example after a deployment with the credentials of another client.`,
    environment: ['DATABASE_URL'],
    options: {
      store: { value: 'NAME', choices: REVIVABLE, required: true, text: 'the store' },
      since: { value: 'DATE', text: 'only connections that were marked at this time or later' },
      schema,
      json,
    },
    example: 'npx tokenkeep revive --store integration --since 2031-02-03T04:05:06Z',
    failure: 'failure',
    run: (values) => (require('./revive') as typeof import('./revive')).revive(values),
  }),
  command({
    name: 'rotate',
    summary: 'seal all values with the first key, so that an old key can be removed',
    description: `Seals every value that an earlier key has sealed with the first key of its variable, during live
traffic. If it is ended in the middle, run it again; several may run at once. Before that, every
process of the application must have the new key first: TOKENKEEP_KEY=2:new,1:old.`,
    environment: [
      'DATABASE_URL',
      'TOKENKEEP_KEY',
      'GMAIL_ENCRYPTION_KEY',
      'ENCRYPTION_SECRET',
      'ENCRYPTION_SECRET_PREVIOUS',
    ],
    options: {
      store: {
        value: 'NAME',
        choices: STORE_NAMES,
        multiple: true,
        text: 'the stores, by default all whose key is set and whose table exists',
      },
      retire: {
        value: 'VERSION',
        text: 'say whether this key can be removed, and what needs it: its number, or previous',
      },
      'dry-run': { text: 'count the rows, and write nothing' },
      schema,
      json,
    },
    example: 'npx tokenkeep rotate --retire 1',
    failure: 'failure; a row was left out; or the key to retire is needed',
    run: (values) => (require('./rotate') as typeof import('./rotate')).rotate(values),
  }),
  command({
    name: 'seal',
    summary: 'seal the plaintext values of a store',
    description: `Seals the values of a store that are plaintext, at the end of a roll-out. It runs during live
traffic; if it is ended in the middle, run it again. Before that, no process of the application may
have TOKENKEEP_SEALING=off.`,
    environment: ['DATABASE_URL', 'TOKENKEEP_KEY'],
    options: {
      store: { value: 'NAME', choices: SEALED, required: true, text: 'the store' },
      'dry-run': { text: 'count the rows, and write nothing' },
      schema,
      json,
    },
    example: 'npx tokenkeep seal --store zoho',
    failure: 'failure',
    run: (values) => (require('./seal') as typeof import('./seal')).seal(values),
  }),
  command({
    name: 'serve',
    summary: 'serve the routes that connect users, for programs not written in Node',
    description: `Serves the routes with which users connect, and tokens for programs that are not written in
Node. With GOOGLE_OAUTH_REDIRECT_URI: Google Calendar, and GET /credentials?user_id=.
With TOKENKEEP_CONNECT_URL: all configured providers, and GET …/credentials/NAME.
It speaks HTTP: put a proxy with TLS in front of it.`,
    environment: [
      'DATABASE_URL',
      'TOKENKEEP_KEY',
      'TOKENKEEP_CONNECT_SECRET',
      'GOOGLE_CLIENT_ID',
      'GOOGLE_CLIENT_SECRET',
    ],
    options: {
      host: { value: 'ADDRESS', default: '127.0.0.1', text: 'the address to listen on' },
      port: { value: 'NUMBER', default: '8080', text: 'the port to listen on; 0 for any free one' },
      schema,
      json: { text: 'print the address as one JSON object' },
    },
    example: 'npx tokenkeep serve --port 8080',
    failure: 'failure',
    run: (values) => (require('./serve') as typeof import('./serve')).serve(values),
  }),
  command({
    name: 'unseal',
    summary: 'turn the sealed values of a store back into plaintext',
    description: `Turns the sealed values of a store back into plaintext, before an application goes back to code
that cannot open them.`,
    environment: ['DATABASE_URL', 'TOKENKEEP_KEY', 'TOKENKEEP_SEALING=off'],
    options: {
      store: { value: 'NAME', choices: SEALED, required: true, text: 'the store' },
      schema,
      json,
    },
    example: 'npx tokenkeep unseal --store zoho',
    failure: 'failure',
    run: (values) => (require('./unseal') as typeof import('./unseal')).unseal(values),
  }),
];
