import { login, userOf } from './session.js';

/** Answers a request that is for none of tokenkeep's routes. */
export async function answer(request, response, error, connectionsOf) {
  try {
    if (error) throw error;
    const url = new URL(request.url, 'http://localhost');
    if (url.pathname === '/login') return login(url, response);
    if (url.pathname !== '/') return response.writeHead(404).end();
    const userId = userOf(request);
    const content = userId ? list(await connectionsOf(userId)) : '<p>Nobody is signed in.</p>';
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page(content));
  } catch (thrown) {
    console.error(thrown);
    response.writeHead(500).end();
  }
}

function page(content) {
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8" />
  <title>Connections</title>
  <h1>Connections</h1>
  ${content}
</html>`;
}

function list(connections) {
  const items = connections.map(([name, status]) => `<li>${name}: ${item(name, status)}</li>`);
  return `<ul>${items.join('')}</ul>`;
}

function item(name, status) {
  const action = `/oauth/disconnect/${name}?return_to=/`;
  if (status.active) {
    return `connected until ${status.expiresAt.toISOString()}, and then refreshed.
      <form method="post" action="${action}"><button>Disconnect</button></form>`;
  }
  return `${status.reason}. <a href="/oauth/connect/${name}">Connect</a>`;
}
