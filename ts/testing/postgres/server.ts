/** A PostgreSQL server on loopback. */

import { serverAccount } from './account';
import { prepareBinaries } from './binaries';
import { Cluster, type Settings, type StopMode } from './cluster';
import { makeDirectory } from './directory';

/** A server with a cluster of its own. */
export interface Server {
  /** The URL of the database `postgres`, for the superuser. */
  url: string;
  port: number;
  /** Such as `18.4`. */
  version: string;
  dataDirectory: string;
  /** The directory of its Unix socket, if it has one. */
  socketDirectory: string | undefined;
  stop(mode?: StopMode): Promise<void>;
  restart(mode?: StopMode): Promise<void>;
  /** Stops it immediately, without shutting down cleanly; `restart` starts it again. */
  crash(): Promise<void>;
}

/**
 * Starts a server in a temporary directory. `stop()` removes both; otherwise they are removed when this
 * process ends, for any reason.
 */
export async function startServer(settings: Settings = {}): Promise<Server> {
  const account = serverAccount();
  const directory = makeDirectory(account);
  try {
    const binaries = prepareBinaries(directory.root, account);
    const cluster = new Cluster(directory, binaries, account);
    await cluster.initialise(settings);
    const port = await cluster.start();
    let stopped: Promise<void> | undefined;
    return {
      url: `postgresql://postgres:${cluster.password}@127.0.0.1:${port}/postgres`,
      port,
      version: binaries.version,
      dataDirectory: directory.data,
      socketDirectory: directory.sockets,
      stop: (mode = 'fast') => (stopped ??= cluster.stop(mode).finally(directory.remove)),
      restart: (mode = 'fast') => cluster.restart(mode),
      crash: () => cluster.stop('immediate'),
    };
  } catch (error) {
    await directory.abandon();
    throw error;
  }
}
