import { html } from 'hono/html';

/** The page, for a user whose connection this is; without one nobody is signed in. */
export function page(connection) {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <title>Calendar</title>
      <h1>Calendar</h1>
      ${content(connection)}
    </html>`;
}

const CONNECT = html`<a href="/auth/google/connect">Connect Google Calendar</a>`;

function content(connection) {
  switch (connection?.status) {
    case 'connected':
      return html`<p>Connected until ${connection.until.toISOString()}, and then refreshed.</p>
        <form method="post" action="/auth/google/disconnect"><button>Disconnect</button></form>`;
    case 'revoked':
      return html`<p>Google says that the access was withdrawn. ${CONNECT}</p>`;
    case 'missing':
      return html`<p>Not connected. ${CONNECT}</p>`;
    default:
      return html`<p>Nobody is signed in.</p>`;
  }
}
