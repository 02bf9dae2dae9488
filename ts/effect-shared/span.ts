/** Tracing spans of the services. */

import * as Effect from 'effect/Effect';

/** Effect's default tracer, which exports nothing. */
const nativeTracer = Effect.runSync(Effect.tracer);

/**
 * Runs an effect in a span if the application has a tracer: a span costs more than a read.
 */
export function inSpan(name: string, attributes: Record<string, string>) {
  // The stack trace would only show this file.
  const options = { attributes, captureStackTrace: false };
  return <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.flatMap(Effect.tracer, (tracer) =>
      tracer === nativeTracer ? effect : Effect.withSpan(effect, name, options),
    );
}
