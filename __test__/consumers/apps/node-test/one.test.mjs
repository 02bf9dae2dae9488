import { test } from 'node:test';
import * as gmail from 'tokenkeep/gmail';
import { job } from './job/index.cjs';

test('in a process of node:test', () => job(gmail));
