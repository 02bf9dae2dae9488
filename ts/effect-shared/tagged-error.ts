/** Tagged errors with a type of our own: what Effect's declarations name differs between its versions. */

import type * as Cause from 'effect/Cause';
import * as Data from 'effect/Data';

/** An error that is told apart by `_tag`, and that a generator can yield. */
export type TaggedErrorClass<Tag extends string, Fields> = new (
  fields: Fields,
) => Cause.YieldableError & { readonly _tag: Tag } & Readonly<Fields>;

/** Makes the base class of an error, given its tag and the type of its fields. */
export function taggedError<const Tag extends string>(
  tag: Tag,
): <Fields>() => TaggedErrorClass<Tag, Fields> {
  return <Fields>() => Data.TaggedError(tag) as unknown as TaggedErrorClass<Tag, Fields>;
}
