import { once } from 'node:events';
import { close } from 'tokenkeep';

/** Ends the server, and with it the process, on SIGTERM and SIGINT. */
export function stopOnSignals(server) {
  const shutDown = async () => {
    const closed = once(server, 'close');
    server.close();
    // Requests that are under way are answered. A connection on which nothing comes is not waited for.
    const grace = setTimeout(() => server.closeAllConnections(), 5_000);
    await closed;
    clearTimeout(grace);
    // A refresh that was sent is stored before the process ends.
    await close({ timeoutMs: 25_000 });
  };
  process.once('SIGTERM', shutDown);
  process.once('SIGINT', shutDown);
}
