/** Reads the body of an answer up to a limit. */

/** The used part of `Response`. `body` is a web stream, or a Node stream as in node-fetch. */
export interface BodyLike {
  readonly body?: unknown;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * The bytes of a body: all of them if there are fewer than `most`, otherwise at least `most`, and the rest is
 * not read. Rejects as the stream does.
 */
export async function bytesOf(response: BodyLike, most: number): Promise<Uint8Array> {
  const stream = partsOf(response.body);
  // Without a stream, the body has been read completely.
  if (!stream) return new Uint8Array(await response.arrayBuffer());
  const { next, end } = stream;
  const parts: Uint8Array[] = [];
  try {
    for (let size = 0; size < most;) {
      const { done, value } = await next();
      if (done || value === undefined) break;
      const part = typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);
      parts.push(part);
      // Buffer.concat refuses parts that are not bytes.
      size += part.byteLength || 1;
    }
    return new Uint8Array(Buffer.concat(parts));
  } finally {
    // Not awaited: canceling a body that never ends may never end either.
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
    // The wanted bytes are read.
  }
}
