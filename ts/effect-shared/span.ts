/** Spans of what the services do. */

import * as Effect from 'effect/Effect';

/** Effect's own tracer, which shows spans to nobody. */
const nativeTracer = Effect.runSync(Effect.tracer);

/**
 * Runs an effect in a span, where an application traces: a span that nobody sees costs more than a read.
 */
export function inSpan(name: string, attributes: Record<string, string>) {
  // The stack of where the span was made would be this file's.
  const options = { attributes, captureStackTrace: false };
  return <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.flatMap(Effect.tracer, (tracer) =>
      tracer === nativeTracer ? effect : Effect.withSpan(effect, name, options),
    );
}
