/** The page, for a user whose connection this is; without one nobody is signed in. */
export function page(connection) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Calendar</title>
<h1>Calendar</h1>
${content(connection)}
</html>
`;
}

const CONNECT = '<a href="/auth/google/connect">Connect Google Calendar</a>';

function content(connection) {
  switch (connection?.status) {
    case 'connected':
      return `<p>Connected until ${connection.until.toISOString()}, and then refreshed.</p>
<form method="post" action="/auth/google/disconnect"><button>Disconnect</button></form>`;
    case 'revoked':
      return `<p>Google says that the access was withdrawn. ${CONNECT}</p>`;
    case 'missing':
      return `<p>Not connected. ${CONNECT}</p>`;
    default:
      return '<p>Nobody is signed in.</p>';
  }
}
