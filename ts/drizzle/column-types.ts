/**
 * Column and table types that work with drizzle-orm 0.44 to 1.0: the types that the compiler infers with one
 * major version do not work with the other.
 */

import type { ColumnDataType } from 'drizzle-orm';
import type { AnyPgColumn, PgTableWithColumns } from 'drizzle-orm/pg-core';

/** The first type with drizzle-orm 0.x, the second with 1.0. */
export type By<Major0, Major1> = 'date' extends ColumnDataType ? Major0 : Major1;

/** `enumValues` of a column for any text. */
type AnyText = By<[string, ...string[]], undefined>;

/** A `text` column. */
export interface Text {
  dataType: 'string';
  columnType: 'PgText';
  data: string;
  driverParam: string;
  enumValues: AnyText;
}
export interface Varchar extends Omit<Text, 'columnType'> {
  columnType: 'PgVarchar';
}
export interface Texts {
  dataType: By<'array', 'string'>;
  columnType: 'PgArray';
  data: string[];
  driverParam: string | string[];
  enumValues: AnyText;
}
export interface Enum<Values extends [string, ...string[]]> {
  dataType: By<'string', 'string enum'>;
  columnType: 'PgEnumColumn';
  data: Values[number];
  driverParam: string;
  enumValues: Values;
}
export interface Uuid {
  dataType: By<'string', 'string uuid'>;
  columnType: 'PgUUID';
  data: string;
  driverParam: string;
  enumValues: undefined;
}
export interface Integer {
  dataType: By<'number', 'number int32'>;
  columnType: 'PgInteger';
  data: number;
  driverParam: number | string;
  enumValues: undefined;
}
export interface Jsonb {
  dataType: By<'json', 'object json'>;
  columnType: 'PgJsonb';
  data: unknown;
  driverParam: unknown;
  enumValues: undefined;
}
export interface Timestamp {
  dataType: By<'date', 'object date'>;
  columnType: 'PgTimestamp';
  data: Date;
  driverParam: string;
  enumValues: undefined;
}

/**
 * A column: name, type and attributes. `default`: has a default in the database; `key`: is the primary key;
 * `made`: drizzle generates its value.
 */
export interface Declared<Name extends string, Type, Has = never> {
  name: Name;
  type: Type;
  has: Has;
}

interface AnyType {
  dataType: AnyPgColumn['_']['dataType'];
  columnType: string;
  data: unknown;
  driverParam: unknown;
  enumValues: string[] | undefined;
}

type AnyDeclared = Declared<string, AnyType, unknown>;

type Column<Table extends string, Of extends AnyDeclared> = AnyPgColumn<
  Of['type'] & {
    name: Of['name'];
    tableName: Table;
    notNull: 'notNull' extends Of['has'] ? true : 'key' extends Of['has'] ? true : false;
    hasDefault: 'default' extends Of['has'] ? true : 'made' extends Of['has'] ? true : false;
    isPrimaryKey: 'key' extends Of['has'] ? true : false;
    hasRuntimeDefault: 'made' extends Of['has'] ? true : false;
    isAutoincrement: false;
    generated: undefined;
    identity: undefined;
  }
>;

/** Table properties of one major version only. */
export type MajorsOwn = By<unknown, { isAlias: false }>;

type AllDeclared<Columns> = { [Key in keyof Columns]: AnyDeclared };

/** The columns of a table. */
export type ColumnsOf<Table extends string, Columns extends AllDeclared<Columns>> = {
  [Key in keyof Columns]: Column<Table, Columns[Key]>;
};

/** A table with these columns. */
export type TableOf<
  Table extends string,
  Columns extends AllDeclared<Columns>,
> = PgTableWithColumns<
  {
    name: Table;
    schema: undefined;
    columns: ColumnsOf<Table, Columns>;
    dialect: 'pg';
  } & MajorsOwn
>;
