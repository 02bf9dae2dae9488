import { timestamp } from 'drizzle-orm/pg-core';

/** A `timestamptz` column. */
export const timestamptz = <Name extends string>(name: Name) =>
  timestamp(name, { withTimezone: true });
