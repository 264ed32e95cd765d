/** For each test file: a worker is ended by a signal, before it would keep what it compiled for the next one. */
import { flushCompileCache } from 'node:module';
import { afterAll } from 'vitest';

afterAll(() => flushCompileCache());
