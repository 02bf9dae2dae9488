/** A token endpoint that keeps each request as it came, and answers with what it is told. */

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it came. */
export interface RecordedRequest {
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export interface RecordingEndpoint {
  /** Ends in `/token`. */
  url: string;
  requests: RecordedRequest[];
  stop: () => Promise<void>;
}

/** Answers every request with this body and status 200. */
export async function startRecordingEndpoint(answer: object): Promise<RecordingEndpoint> {
  const requests: RecordedRequest[] = [];
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method = '', url: path = '', headers } = request;
    requests.push({ method, path, headers, body });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/token`,
    requests,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
