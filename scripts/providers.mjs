// Writes docs/providers.md: the built-in providers as `providers/*.json` describes them.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.mjs';

const folder = join(root, 'providers');
const file = join(root, 'docs/providers.md');

const HEAD = `# Built-in providers

A built-in provider needs a client only: in the environment, such as \`TOKENKEEP_HUBSPOT_CLIENT_ID\` and \`TOKENKEEP_HUBSPOT_CLIENT_SECRET\`, or in \`createTokenKeep({ providers: { hubspot: { clientId, clientSecret } } })\`. What stands in braces in a URL is set by \`TOKENKEEP_MICROSOFT_TENANT\`, or by \`variables: { tenant: 'contoso.com' }\`. [Integration](adopt/integration.md#providers) says how to describe any other provider, and how to change one of these.

A variable has one value for all users of an instance. One that is "per connection" may also come from the [connect request](connect.md#any-provider) (\`?shop=…\`) or from the provider's answer to it, and is kept with the row. "Metadata" is [kept and returned](adopt/integration.md#metadata) with each token.

An empty cell means: not known; of variables, that there are none; of the client authentication, that \`client_secret_post\` is used. A variable without a value in brackets must be given. The source of each fact is in [\`providers/\`](../providers), beside the fact; the answers that a provider documents are in [\`__test__/rust/providers/answers\`](../__test__/rust/providers/answers), and a test judges each of them. This page is generated from these files by \`npm run docs:providers\`.

| name | variables | client authentication | a refresh returns a new refresh token | a used one is accepted again | an unused refresh token lives | revocation | metadata | a grant is dead also with |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
`;

/** @param {string} name */
function row(name) {
  const provider = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'));
  const { variables = {}, clientAuthentication, revocationUrl, errors = [] } = provider;
  const { metadata = {}, callbackParameters = [] } = provider;
  const days = provider.facts?.refreshTokenIdleDays;
  const cells = [
    `${provider.title}: \`${name}\``,
    Object.entries(variables)
      .filter(([variable]) => variable !== 'client_id')
      .map(variableOf)
      .join(', '),
    clientAuthentication ? `\`${clientAuthentication}\`` : '',
    rotationOf(provider),
    graceOf(provider),
    days ? `${days} days` : '',
    revocationUrl ? 'yes' : '',
    [...Object.keys(metadata), ...callbackParameters].map((name) => `\`${name}\``).join(', '),
    errors
      .filter(({ meaning }) => ['grant_dead', 'user_action'].includes(meaning))
      .flatMap(wordsOf)
      .join(', '),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

function variableOf([name, { default: usual, perConnection, callbackParameter }]) {
  const notes = [usual, perConnection || callbackParameter ? 'per connection' : ''].filter(Boolean);
  return `\`${name}\`${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
}

/** Whether a refresh returns a new refresh token, and what else it ends. */
function rotationOf({ rotation = '', refreshEndsAccessToken }) {
  return refreshEndsAccessToken ? `${rotation}; the old access token ends` : rotation;
}

/** How long a used refresh token is accepted. */
function graceOf({ rotationGrace: grace }) {
  if (grace === undefined) return '';
  if (grace === 'until_used') return 'until the new one is used';
  const days = grace / 86_400;
  if (days >= 1) return `for ${days} days`;
  return grace === 0 ? 'no' : `for ${grace / 60} minutes`;
}

/** What a rule looks for. */
function wordsOf({ error, path, value, description }) {
  const words = [error ?? []].flat().map((word) => `\`${word}\``);
  if (path) {
    const values = [value].flat().map((one) => `\`${one}\``);
    words.push(`\`${path}\`: ${values.join(' or ')}`);
  }
  if (description) words.push(`"${description}"`);
  return words.length > 1 && (path || description) ? [words.join(' and ')] : words;
}

/** The whole document. */
export function providersDocument() {
  const names = readdirSync(folder).map((name) => name.replace('.json', ''));
  return HEAD + names.sort().map(row).join('');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, providersDocument());
