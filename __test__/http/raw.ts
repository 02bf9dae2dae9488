/** Requests that no browser and no `fetch` sends. */

import { once } from 'node:events';
import { connect } from 'node:net';

/** Sends these lines; gives the whole answer. */
export async function raw(origin: string, ...lines: string[]): Promise<string> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  socket.write(`${[...lines, `host: ${hostname}`, 'connection: close'].join('\r\n')}\r\n\r\n`);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

/** Sends these lines, and half of a body; gives what hangs up. */
export async function half(origin: string, ...lines: string[]): Promise<() => Promise<void>> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  const all = [...lines, `host: ${hostname}`, 'content-length: 8'];
  socket.write(`${all.join('\r\n')}\r\n\r\nhalf`);
  return async () => {
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
  };
}
