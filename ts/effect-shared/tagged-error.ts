/** Tagged errors with a type that does not depend on the version of Effect. */

import type * as Cause from 'effect/Cause';
import * as Data from 'effect/Data';

/** An error class with a `_tag`, which generators can yield. */
export type TaggedErrorClass<Tag extends string, Fields> = new (
  fields: Fields,
) => Cause.YieldableError & { readonly _tag: Tag } & Readonly<Fields>;

/** Creates the base class of an error with a tag and fields. */
export function taggedError<const Tag extends string>(
  tag: Tag,
): <Fields>() => TaggedErrorClass<Tag, Fields> {
  return <Fields>() => Data.TaggedError(tag) as unknown as TaggedErrorClass<Tag, Fields>;
}
