import type { Socket } from 'node:net';

/**
 * Resets a connection. One that is ending already cannot be reset, and a Node that has tried never
 * ends: there it is closed.
 */
export function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
