/**
 * Resets a connection. One that is ending already cannot be reset, and a Node that has tried never
 * ends: there it is closed.
 *
 * @param {import('node:net').Socket} socket
 */
export function reset(socket) {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
