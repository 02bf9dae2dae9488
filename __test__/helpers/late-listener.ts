/** A port where nobody listens until somebody is told to. */

import { once } from 'node:events';
import net from 'node:net';

/** Reserves a port; `listen` passes its connections on to the server of `url` from then on. */
export async function startListenerLater(url: string) {
  const target = new URL(url);
  const server = net.createServer((socket) => {
    const onward = net.connect(Number(target.port), target.hostname);
    for (const end of [socket, onward]) end.on('error', () => {});
    socket.pipe(onward).pipe(socket);
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as net.AddressInfo).port;
  };
  const close = async () => {
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  const port = await listen(0);
  await close();
  return { url: `http://127.0.0.1:${port}${target.pathname}`, listen: () => listen(port), close };
}
