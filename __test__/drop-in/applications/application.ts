/** An application whose own service keeps tokens: its database, its provider and its processes. */

import type { startTokenEndpoint } from '../../../support/token-endpoint.mjs';
import type { TestDatabase } from '../../helpers/database';

export type Endpoint = Awaited<ReturnType<typeof startTokenEndpoint>>;

export abstract class DropInApplication<
  Process extends { stop(): Promise<void> },
  Database extends Pick<TestDatabase, 'client' | 'drop'>,
> {
  readonly #processes: Process[] = [];

  constructor(
    readonly database: Database,
    /** Google, or Zoho. */
    readonly provider: Endpoint,
  ) {}

  /** Stops all that it has started. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await this.provider.close();
    await this.database.drop();
  }

  /** Remembers a process that is stopped with the application. */
  protected started(process: Process): Process {
    this.#processes.push(process);
    return process;
  }
}
