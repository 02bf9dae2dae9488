/** Creates the errors: from the data that the core passes, an error of the class of its code. */

import type { ErrorCode, Failure as Told } from '../../index';
import { native, otherVersion } from './native';
import { fieldsOf } from '../input/fields';
import * as errors from '../errors/errors';

type ErrorClass = new (message?: string, options?: ErrorOptions) => Error & errors.TokenkeepFailure;

/** The class of each code, in the order in which the core declares the errors. */
export const classes: Readonly<Record<string, ErrorClass>> = Object.fromEntries(
  native.errorCodes().map((declared) => [declared.code, classOf(declared)]),
);

/** An addon of another version may know other errors. */
function classOf({ code, class: name }: ErrorCode): ErrorClass {
  const Class = (errors as unknown as Record<string, ErrorClass | undefined>)[name];
  if (Class && new Class().code === code) return Class;
  throw otherVersion(`${code} is not the code of ${name}`);
}

/** The gmail store has classes of its own for the two codes that callers match by class. */
const storeClasses: Readonly<Record<string, Readonly<Record<string, ErrorClass>>>> = {
  gmail: {
    ERR_TOKENKEEP_NOT_CONNECTED: errors.GmailNotConnectedError,
    ERR_TOKENKEEP_REVOKED: errors.GmailTokenRevokedError,
  },
};

/** The core's data of an error, and the object that a callback threw. */
export interface Failure extends Told {
  cause?: unknown;
}

/** Creates the error of a failure. Call it where the stack is the caller's. */
export function errorOf(failure: Failure): Error & errors.TokenkeepFailure {
  const { store, causeId: _, ...fields } = fieldsOf(failure.details as Record<string, unknown>);
  const own = typeof store === 'string' ? storeClasses[store]?.[failure.code] : undefined;
  const Class = own ?? classes[failure.code] ?? errors.InternalError;
  const hasCause = Object.hasOwn(failure, 'cause');
  const error = new Class(failure.message, hasCause ? { cause: failure.cause } : undefined);
  return Object.assign(error, fields, { retryable: failure.retryable });
}

/** The value of a synchronous export of the core; throws its failure. */
export function orThrow(outcome: string | Told): string {
  if (typeof outcome === 'string') return outcome;
  throw errorOf(outcome);
}
