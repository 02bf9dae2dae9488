/** The public members of a class, recursively, so that a fake must implement all of them. */
export type PublicMembers<Of> = {
  [Name in keyof Of]: Of[Name] extends (...args: never[]) => unknown
    ? Of[Name]
    : PublicMembers<Of[Name]>;
};
