import { timestamp } from 'drizzle-orm/pg-core';

/** A point in time. */
export const moment = <Name extends string>(name: Name) => timestamp(name, { withTimezone: true });
