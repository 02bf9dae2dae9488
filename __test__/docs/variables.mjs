/**
 * Prints the names of the environment variables that tokenkeep looks at, as JSON: calls what reads them, with
 * an environment that writes down what it is asked for. The calls fail, since almost nothing is set.
 */

// Asked for first, so that the rest of connecting is reached.
process.env.GOOGLE_OAUTH_REDIRECT_URI = 'https://app.example/auth/google/callback';

// Made before names are noted: Node's own classes ask for variables when they are first used.
const request = new Request('https://app.example/auth/google/connect?user_id=user', {
  headers: { authorization: 'Bearer secret' },
});

const asked = new Set();
const note = (name) => void (typeof name === 'string' && asked.add(name));
process.env = new Proxy(process.env, {
  get: (target, name) => (note(name), Reflect.get(target, name)),
  has: (target, name) => (note(name), Reflect.has(target, name)),
  getOwnPropertyDescriptor: (target, name) => (
    note(name),
    Reflect.getOwnPropertyDescriptor(target, name)
  ),
});

const { createConnectHandlers, createGoogleHandlers } = await import('../../dist/http/index.mjs');
const { getToken } = await import('../../dist/integration.mjs');
const { encryptToken } = await import('../../dist/crypto.mjs');

await getToken('user', 'google').catch(() => {});
const connect = () => createGoogleHandlers({ onError: () => {} }).connect(request);
for (const call of [() => encryptToken('token'), connect, () => createConnectHandlers().paths()]) {
  try {
    await call();
  } catch {
    // What is missing has been asked for.
  }
}
process.stdout.write(JSON.stringify([...asked]));
