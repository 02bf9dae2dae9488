import type * as crypto from 'tokenkeep/crypto';
import type { Equal, Expect } from './expect';

export type Functions = [
  Expect<Equal<typeof crypto.encryptToken, (plaintext: string) => string>>,
  Expect<Equal<typeof crypto.decryptToken, (encryptedStr: string) => string>>,
];
