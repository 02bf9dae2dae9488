/** Imported first: with another version of Effect, the other modules of this entry would fail. */

import { needEffect4 } from '../effect-shared/effect-version.js';

needEffect4();
