import type { Socket } from 'node:net';

/**
 * Resets a connection. One that is already ending is closed instead: a reset would keep the Node process
 * alive forever.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
