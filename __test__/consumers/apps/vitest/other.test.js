import * as gmail from 'tokenkeep/gmail';
import { test } from 'vitest';
import { job } from './job/index.cjs';

test('beside another file', () => job(gmail));
