/** Assertions that the compiler makes: a signature that changes does not compile here any more. */

/** Whether two types are the same, down to optional and read-only properties. */
export type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Only takes what is true. */
export type Expect<Truth extends true> = Truth;
