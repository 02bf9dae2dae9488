/**
 * A message of the wire protocol. A client's first message has no type.
 *
 * @typedef {{ type: string, bytes: Buffer, body: Buffer }} Message
 */

/** Splits a stream into messages (PostgreSQL, "Message Formats"). */
export class Messages {
  #rest = Buffer.alloc(0);
  /** Whether the next message has no type. */
  untyped;

  constructor({ untyped = false } = {}) {
    this.untyped = untyped;
  }

  /** @param {Buffer} chunk @returns {Generator<Message>} the messages that it completes */
  *push(chunk) {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const head = this.untyped ? 0 : 1;
      if (this.#rest.length < head + 4) return;
      const length = head + this.#rest.readInt32BE(head);
      if (this.#rest.length < length) return;
      const bytes = this.#rest.subarray(0, length);
      this.#rest = this.#rest.subarray(length);
      const type = head ? String.fromCharCode(bytes[0]) : '';
      yield { type, bytes, body: bytes.subarray(head + 4) };
    }
  }
}

/** Reads the fields of a message's body in order. */
export class Fields {
  #body;
  #at = 0;

  /** @param {Buffer} body */
  constructor(body) {
    this.#body = body;
  }

  int16() {
    this.#at += 2;
    return this.#body.readInt16BE(this.#at - 2);
  }

  int32() {
    this.#at += 4;
    return this.#body.readInt32BE(this.#at - 4);
  }

  /** A string that ends with NUL. */
  text() {
    const end = this.#body.indexOf(0, this.#at);
    const text = this.#body.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  /** @param {number} length */
  bytes(length) {
    this.#at += length;
    return this.#body.subarray(this.#at - length, this.#at);
  }

  /** @template T @param {() => T} read @returns {T[]} an array, preceded by its length as an int16 */
  list(read) {
    return Array.from({ length: this.int16() }, read);
  }
}
