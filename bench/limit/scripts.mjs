/** The peers' SELECT as scripts of pgbench. */
import { columns } from '../peers/rows.mjs';

/** Rows that a pipeline or an array asks for at once: half of the most that tokenkeep combines. */
export const atOnce = 32;

const oneLine = columns.replace(/\s+/g, ' ');
const variable = (index, users) => `\\set n${index} random(0, ${users - 1})`;
/** The user of a variable, see `userIds`. */
const user = (index) => `'user-' || lpad(:n${index}::text, 8, '0')`;
const select = (condition) => `SELECT ${oneLine} FROM gmail_tokens WHERE user_id = ${condition};`;

/**
 * @param {number} users in the table
 * @returns {Record<string, { text: string, rows: number }>} `rows`: how many a script reads
 */
export function scripts(users) {
  const indexes = Array.from({ length: atOnce }, (_, index) => index);
  const variables = indexes.map((index) => variable(index, users));
  const selects = indexes.map((index) => select(user(index)));
  const array = `ANY (ARRAY[${indexes.map(user).join(', ')}])`;
  const lines = (...parts) => `${parts.flat().join('\n')}\n`;
  return {
    one: { text: lines(variable(0, users), select(user(0))), rows: 1 },
    pipelined: {
      text: lines(variables, '\\startpipeline', selects, '\\endpipeline'),
      rows: atOnce,
    },
    any: { text: lines(variables, select(array)), rows: atOnce },
  };
}
