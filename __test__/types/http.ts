import type { TokenKeep } from 'tokenkeep';
import type * as http from 'tokenkeep/http';
import type { Equal, Expect } from './expect';

type Handler = (request: Request, context?: Own) => Promise<Response>;
type MaybeId = string | null | undefined;

interface Own {
  session: string;
}

export type Shapes = [
  Expect<
    Equal<
      typeof http.createGoogleHandlers<Own>,
      (options?: http.GoogleHandlersOptions<Own>) => http.GoogleHandlers<Own>
    >
  >,
  Expect<
    Equal<
      http.GoogleHandlers<Own>,
      {
        connect: Handler;
        callback: Handler;
        disconnect: Handler;
        handle: (request: Request, context?: Own) => Promise<Response | undefined>;
        paths: () => { connect: string; callback: string; disconnect: string };
        serves: (path: string) => boolean;
        linkFor: (userId: string, options?: { returnTo?: string }) => Promise<string>;
      }
    >
  >,
  Expect<
    Equal<
      http.GoogleHandlersOptions<Own>,
      {
        userId?: ((request: Request, context: Own) => MaybeId | Promise<MaybeId>) | undefined;
        keep?: TokenKeep | undefined;
        store?: 'calendar' | 'integration' | undefined;
        connectSecret?: string | undefined;
        scopes?: string[] | undefined;
        returnTo?: string | undefined;
        texts?: http.TextsPatch | undefined;
        onError?: ((error: unknown) => void) | undefined;
      }
    >
  >,
  Expect<
    Equal<
      http.ConnectHandlersOptions<Own>['onError'],
      ((error: unknown, at: { provider: string }) => void) | undefined
    >
  >,
  Expect<Equal<typeof http.TEXTS, http.Texts>>,
];
