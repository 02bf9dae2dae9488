import { headers } from 'next/headers';
import { type Connection, connectionOf } from '../lib/connection';
import { userOf } from '../lib/session';

export const runtime = 'nodejs';

export default async function Page() {
  const userId = userOf((await headers()).get('cookie'));
  const connection = userId === undefined ? undefined : await connectionOf(userId);
  return (
    <main>
      <h1>Calendar</h1>
      <Content connection={connection} />
    </main>
  );
}

// Not a <Link>, which is fetched before anybody clicks.
const connect = <a href="/auth/google/connect">Connect Google Calendar</a>;

function Content({ connection }: { connection: Connection | undefined }) {
  switch (connection?.status) {
    case 'connected':
      return (
        <>
          <p>{`Connected until ${connection.until.toISOString()}, and then refreshed.`}</p>
          <form method="post" action="/auth/google/disconnect">
            <button>Disconnect</button>
          </form>
        </>
      );
    case 'revoked':
      return <p>Google says that the access was withdrawn. {connect}</p>;
    case 'missing':
      return <p>Not connected. {connect}</p>;
    default:
      return <p>Nobody is signed in.</p>;
  }
}
