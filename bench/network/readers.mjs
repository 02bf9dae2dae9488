/** The implementations that are measured over other networks than loopback. */
export const networkReaders = [
  'tokenkeep',
  'older',
  'drizzle',
  'pg',
  'postgres-js',
  'postgres-js-batched',
];
