/**
 * Where the fields of records and messages are in the flat array that Rust fills. Rust declares the fields
 * by name (`src/binding/record.rs`, `src/binding/message.rs`) and exports the names in their order. Readers
 * name the fields that they read. A reader is refused if the names differ, so no value can be read as another.
 */

import type { Layout } from '../../index';
import { native, otherVersion } from './native';

/** Reads a record's fields, which begin at `at`. */
export type ReadRecord<Value> = (fields: readonly unknown[], at: number) => Value;

/** The position of each field, counted from the beginning of its record. */
export type At<Field extends string> = Readonly<Record<Field, number>>;

/** A reader, and the number of its record's fields; nested items follow them. */
export type RecordReader<Value> = ReadRecord<Value> & { readonly size: number };

const records = new Map(layouts('recordLayouts').map((layout) => [layout.name, layout]));

/**
 * The reader of a record. `make` is called once: it takes the positions of all fields by destructuring and
 * returns a function that reads with them. Nested items begin at `size`.
 */
export function recordReader<Value, Field extends string = keyof Value & string>(
  name: string,
  make: (at: At<Field>, size: number) => ReadRecord<Value>,
): RecordReader<Value> {
  const layout = records.get(name);
  if (!layout) throw otherVersion(`it has no record ${name}`);
  const size = layout.fields.length;
  return Object.assign(
    checked(layout, (at: At<Field>) => make(at, size)),
    { size },
  );
}

/** The items of a list of records, the first of which begins at `at`. */
export function listOf<Item>(
  read: RecordReader<Item>,
  count: number,
  fields: readonly unknown[],
  at: number,
): Item[] {
  return Array.from({ length: count }, (_, item) => read(fields, at + item * read.size));
}

/** Handles a message whose fields begin at `at`; returns the number of elements after them, if any. */
export type Handle = (fields: readonly unknown[], at: number) => number | void;

/** Makes a handler with the positions of its message's fields, as for {@link recordReader}. */
export type MakeHandle<Field extends string> = (at: At<Field>) => Handle;

/** The handler of a kind of message, and the number of its fields. */
export interface Handler {
  handle: Handle;
  size: number;
}

/** How the handler of each kind of message is made, by the name of the kind. */
export type Handlers = Readonly<Record<string, (at: never) => Handle>>;

/** The handlers by the numbers of the kinds. There must be one for each kind, and no other. */
export function messageHandlers(made: Handlers): Handler[] {
  const kinds = layouts('messageLayouts');
  const unknown = Object.keys(made).filter((name) => !kinds.some((kind) => kind.name === name));
  if (unknown.length > 0) throw otherVersion(`it has no message ${unknown.join(', ')}`);
  return kinds.map((kind) => {
    const make = made[kind.name];
    if (!make) throw otherVersion(`nothing reads its message ${kind.name}`);
    return { handle: checked(kind, make as (at: At<string>) => Handle), size: kind.fields.length };
  });
}

/** Calls `make` with the positions of the fields. It must take all of them and no others. */
function checked<Field extends string, Made>(layout: Layout, make: (at: At<Field>) => Made): Made {
  const { name, fields } = layout;
  const taken = new Set<string>();
  const positions = new Proxy({} as At<Field>, {
    get: (_, field) => {
      const position = fields.indexOf(String(field));
      if (position < 0) throw otherVersion(`${name} has no field ${String(field)}`);
      taken.add(String(field));
      return position;
    },
  });
  const result = make(positions);
  const left = fields.filter((field) => !taken.has(field));
  if (left.length > 0) throw otherVersion(`nothing reads ${left.join(', ')} of ${name}`);
  return result;
}

function layouts(source: 'recordLayouts' | 'messageLayouts'): Layout[] {
  // An addon of another version may not have the export.
  const tell = native[source] as (() => Layout[]) | undefined;
  if (!tell) throw otherVersion(`it does not export ${source}`);
  return tell();
}
