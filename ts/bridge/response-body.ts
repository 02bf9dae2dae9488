/** Reads the body of an answer, and no more of it than is wanted. */

/** What is needed of a `Response`; `body` is a stream of the web's, or of Node's as node-fetch has it. */
export interface BodyLike {
  readonly body?: unknown;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * The bytes of a body, whole when there are fewer than `most`. Of a larger one at least so many, and what
 * is left is not read. Rejects as the stream does.
 */
export async function bytesOf(response: BodyLike, most: number): Promise<Uint8Array> {
  const stream = partsOf(response.body);
  // Without a stream it has been read whole already.
  if (!stream) return new Uint8Array(await response.arrayBuffer());
  const { next, end } = stream;
  const parts: Uint8Array[] = [];
  try {
    for (let size = 0; size < most;) {
      const { done, value } = await next();
      if (done || value === undefined) break;
      const part = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);
      parts.push(part);
      // What is not bytes is refused where the parts are put together.
      size += part.byteLength || 1;
    }
    return new Uint8Array(Buffer.concat(parts));
  } finally {
    // Not waited for: of a body that never ends there may be no end either.
    void ended(end);
  }
}

interface Parts {
  next(): Promise<{ done?: boolean; value?: unknown }>;
  end(): unknown;
}

function partsOf(body: unknown): Parts | undefined {
  const stream = Object(body) as Partial<ReadableStream & AsyncIterable<unknown>>;
  if (typeof stream.getReader === 'function') {
    const reader = stream.getReader();
    return { next: () => reader.read(), end: () => reader.cancel() };
  }
  const iterator = stream[Symbol.asyncIterator]?.();
  return iterator && { next: () => iterator.next(), end: () => iterator.return?.() };
}

async function ended(end: () => unknown): Promise<void> {
  try {
    await end();
  } catch {
    // What was wanted of it is read.
  }
}
