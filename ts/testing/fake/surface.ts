/** What of an object everybody may use. */

/**
 * An object's public members, and theirs: an instance without the private parts that tie it to its
 * class. Whoever implements it is told by the compiler of every member that is added.
 */
export type Surface<Of> = {
  [Name in keyof Of]: Of[Name] extends (...args: never[]) => unknown ? Of[Name] : Surface<Of[Name]>;
};
