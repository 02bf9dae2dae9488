import { Fields } from './messages.mjs';
import { stepOf } from './step.mjs';

/**
 * What a client sends in one round trip: one statement, possibly with its BEGIN and COMMIT.
 *
 * @typedef {object} Unit
 * @property {import('./step.mjs').Step} step
 * @property {string} sql without the comments before it, which are for poolers; empty for the preparation of one
 * @property {boolean} prepared whether it was prepared before, under a name
 * @property {(string | string[] | null | undefined)[]} parameters undefined: neither a text nor an array of texts
 *
 * @typedef {{ bytes: Buffer, unit?: Unit, answers: number }} Item answers: the number of
 *   ReadyForQuery messages to expect; an item without a unit is not a statement
 */

const TEXTS_OID = 1009;
const TEXT_OIDS = [0, 25, 1043];

/** The start of a transaction that tokenkeep sends together with its COMMIT. */
const BEGIN = /^(COMMIT; )?BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL /;

const COMMENTS = /^(?:\s*\/\*[^*]*\*\/)+/;

/** Groups the messages of a client into units. */
export class Units {
  #messages = [];
  #answers = 0;
  #inTransaction = false;
  #parsed = new Map();

  /** @param {import('./messages.mjs').Message} message @returns {Item | undefined} */
  add(message) {
    // A password, or Terminate.
    if ('pX'.includes(message.type)) return { bytes: message.bytes, answers: 0 };
    this.#messages.push(message);
    if (!'QS'.includes(message.type)) return undefined;
    this.#answers += 1;
    const sql = message.type === 'Q' ? new Fields(message.body).text() : '';
    if (BEGIN.test(sql)) this.#inTransaction = true;
    else if (sql === 'COMMIT') this.#inTransaction = false;
    return this.#inTransaction ? undefined : this.#take();
  }

  #take() {
    const item = {
      bytes: Buffer.concat(this.#messages.map(({ bytes }) => bytes)),
      unit: this.#unit(),
      answers: this.#answers,
    };
    this.#messages = [];
    this.#answers = 0;
    return item;
  }

  /** @returns {Unit} */
  #unit() {
    let sql = '';
    let parameters = [];
    let prepared = false;
    for (const { type, body } of this.#messages) {
      const fields = new Fields(body);
      if (type === 'Q') sql ||= fields.text().trim();
      if (type === 'P') {
        const [name, text] = [fields.text(), fields.text().replace(COMMENTS, '').trim()];
        this.#parsed.set(name, { sql: text, types: fields.list(() => fields.int32()) });
      }
      if (type === 'B') {
        fields.text();
        const name = fields.text();
        prepared = name !== '';
        const statement = this.#parsed.get(name) ?? { sql: '', types: [] };
        sql = statement.sql;
        parameters = values(fields, statement.types);
      }
    }
    return { step: stepOf(sql), sql, parameters, prepared };
  }
}

function values(fields, types) {
  const formats = fields.list(() => fields.int16());
  let index = 0;
  return fields.list(() => {
    const length = fields.int32();
    const at = index++;
    if (length < 0) return null;
    const value = fields.bytes(length);
    const binary = (formats.length > 1 ? formats[at] : formats[0]) === 1;
    const type = types[at] ?? 0;
    if (binary && type === TEXTS_OID) return texts(value);
    return !binary || TEXT_OIDS.includes(type) ? value.toString('utf8') : undefined;
  });
}

/** A one-dimensional array without NULL. */
function texts(value) {
  const fields = new Fields(value);
  const dimensions = fields.int32();
  fields.bytes(8);
  if (dimensions === 0) return [];
  const length = fields.int32();
  fields.bytes(4);
  return Array.from({ length }, () => fields.bytes(fields.int32()).toString('utf8'));
}
