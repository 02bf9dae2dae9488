import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { reset } from '../reset.mjs';
import { Messages } from './messages.mjs';
import { Units } from './units.mjs';

const SSL_REQUEST = 80877103;
const GSS_REQUEST = 80877104;

/** A simple query. */
const DISCARD = Buffer.from('Q\0\0\0\x10DISCARD ALL\0');

/**
 * One client and its connection to the server. Each unit is forwarded after the response to the one before.
 */
export class Connection {
  #client;
  #server;
  #decide;
  #units = new Units();
  #queue = [];
  #passing = false;
  #leaving = new AbortController();
  #gone = new AbortController();
  /** The response that is held back, if any. */
  #held;
  #awaited = 0;
  #answered = () => {};

  /**
   * @param {net.Socket} client
   * @param {{ host: string, port: number }} address of the server
   * @param {(unit: import('./units.mjs').Unit) => Promise<Action | undefined>} decide
   * @param {() => void} closed
   *
   * @typedef {import('../postgres-proxy.mjs').Action} Action
   */
  constructor(client, address, decide, closed) {
    this.#client = client;
    this.#server = net.connect(address);
    this.#decide = decide;
    const [fromClient, fromServer] = [new Messages({ untyped: true }), new Messages()];
    client.on('data', (chunk) => {
      for (const message of fromClient.push(chunk)) this.#receive(message, fromClient);
    });
    this.#server.on('data', (chunk) => {
      if (this.#held) this.#held.push(chunk);
      else client.write(chunk);
      for (const { type } of fromServer.push(chunk)) if (type === 'Z') this.#ready();
    });
    for (const socket of [client, this.#server]) socket.setNoDelay(true).on('error', () => {});
    // Data that a client has sent still arrives after it has disconnected.
    client.on('close', () => {
      this.#leaving.abort();
      this.#enqueue({ end: true });
    });
    this.#server.on('close', () => {
      this.#part();
      client.end();
    });
    let open = 2;
    for (const socket of [client, this.#server]) {
      socket.on('close', () => {
        open -= 1;
        if (open === 0) closed();
      });
    }
  }

  /** Resets the client's connection and closes the server's. */
  cut() {
    this.#part();
    reset(this.#client);
    this.#server.destroy();
  }

  #part() {
    this.#gone.abort();
    this.#answered();
  }

  #receive(message, messages) {
    if (message.type) {
      const item = this.#units.add(message);
      if (item) this.#enqueue(item);
    } else if ([SSL_REQUEST, GSS_REQUEST].includes(message.body.readInt32BE(0))) {
      this.#client.write('N');
    } else {
      messages.untyped = false;
      this.#server.write(message.bytes);
    }
  }

  async #enqueue(item) {
    this.#queue.push(item);
    if (this.#passing) return;
    this.#passing = true;
    while (this.#queue.length > 0 && !this.#gone.signal.aborted) {
      const next = this.#queue.shift();
      if (next.end) this.#server.end();
      else if (next.unit) await this.#pass(next);
      else this.#server.write(next.bytes);
    }
    this.#passing = false;
  }

  async #pass({ bytes, unit, answers }) {
    const action = (await this.#decide(unit)) ?? {};
    if (this.#gone.signal.aborted) return;
    switch (action.do) {
      case 'cut-before':
        return this.cut();
      case 'cut-middle':
        await this.#write(bytes.subarray(0, bytes.length / 2));
        return this.cut();
      case 'never-before':
        return aborted(this.#leaving.signal, this.#gone.signal);
      case 'delay':
        await this.#pause(action.ms);
        break;
      case 'break-begin':
        bytes = withBrokenBegin(bytes);
        break;
      case 'discard-before':
        this.#held = [];
        await this.#exchange(DISCARD, 1);
        this.#held = undefined;
    }
    const holds =
      action.answered || ['cut-after', 'delay-answer', 'never-after'].includes(action.do);
    if (holds) this.#held = [];
    await this.#exchange(bytes, answers);
    if (!holds || this.#gone.signal.aborted) return;
    await action.answered?.();
    if (action.do === 'cut-after') return this.cut();
    if (action.do === 'never-after') await aborted(this.#leaving.signal, this.#gone.signal);
    if (action.do === 'delay-answer') await this.#pause(action.ms);
    this.#client.write(Buffer.concat(this.#held));
    this.#held = undefined;
  }

  /** Resolves when the server has answered everything or has disconnected. */
  async #exchange(bytes, answers) {
    const all = new Promise((resolve) => (this.#answered = resolve));
    this.#awaited = answers;
    await this.#write(bytes);
    await all;
  }

  #ready() {
    this.#awaited -= 1;
    if (this.#awaited === 0) this.#answered();
  }

  #write(bytes) {
    return new Promise((resolve) => this.#server.write(bytes, resolve));
  }

  #pause(ms) {
    return sleep(ms, undefined, { signal: this.#gone.signal }).catch(() => {});
  }
}

/** Replaces the first BEGIN by an invalid word of the same length. */
function withBrokenBegin(bytes) {
  const at = bytes.indexOf('BEGIN');
  if (at < 0) return bytes;
  const broken = Buffer.from(bytes);
  broken.write('BROKE', at);
  return broken;
}

/** Resolves when one of them is aborted. @param {...AbortSignal} signals */
function aborted(...signals) {
  if (signals.some((signal) => signal.aborted)) return undefined;
  return new Promise((resolve) => {
    for (const signal of signals) signal.addEventListener('abort', resolve, { once: true });
  });
}
