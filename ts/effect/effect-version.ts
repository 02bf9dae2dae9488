/** Evaluated before the modules of this entry that another Effect would make fail, one way or another. */

import { needEffect4 } from '../effect-shared/effect-version.js';

needEffect4();
