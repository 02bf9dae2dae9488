// What the built-in providers answer, for `startTokenEndpoint` of tokenkeep/testing: the documented answers of
// __test__/rust/providers/answers, with what a running endpoint needs of providers/*.json. The build writes it to
// dist/, so that it is neither written by hand nor a second copy in the repository.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const answers = join(root, '__test__/rust/providers/answers');

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** A code before a colon in a description, such as `AADSTS50076`. */
const CODE_IN_TEXT = /^[A-Z]+\d+(?=:)/;

/** An error: its names, most specific first, and the answer. */
function errorOf({ what, status, body, gives, code }) {
  const text = CODE_IN_TEXT.exec(body.error_description ?? '')?.[0];
  // `refused` says that nothing is known of the error.
  const meaning = gives === 'refused' ? undefined : gives;
  const names = [code, text, body.error, meaning].filter((name) => typeof name === 'string');
  return { names: [...new Set(names)], isOfCode: /\bcode$/.test(what), status, body };
}

/** How a refresh answers with the refresh token: another one, the same, or none. */
function refreshTokenIn(refresh, code) {
  if (refresh?.refresh_token === undefined) return 'none';
  return refresh.refresh_token === code.refresh_token ? 'same' : 'new';
}

/** @param {string} name of a provider */
function answersOf(name) {
  const all = read(join(answers, `${name}.json`));
  const provider = read(join(root, 'providers', `${name}.json`));
  const { scopeAliases = {}, refreshParameters = {} } = provider;
  const bodyOf = (start) =>
    all.find(({ gives, what }) => gives === 'tokens' && what.startsWith(start))?.body;
  const code = bodyOf('code exchange');
  const refresh = bodyOf('refresh');
  const errors = all.filter(({ gives, what }) => gives !== 'tokens' && !what.startsWith('made-up'));
  return {
    code,
    refresh: refresh ?? code,
    refreshToken: refreshTokenIn(refresh, code),
    // An empty value leaves a parameter out.
    namesGrantType: refreshParameters.grant_type !== '',
    scopeAliases,
    errors: errors.map(errorOf),
  };
}

/** The answers by the provider's name. */
export function providerAnswers() {
  const names = readdirSync(answers).map((file) => file.replace('.json', ''));
  return Object.fromEntries(names.sort().map((name) => [name, answersOf(name)]));
}
