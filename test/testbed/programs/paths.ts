import { join } from 'node:path';

/** Folder of the sources. */
export const CHECKOUT = join(import.meta.dirname, '../../..');

export const KLEE = join(CHECKOUT, 'bin/klee');
export const KLEENED = join(CHECKOUT, 'bin/kleened');

/** Preloaded into kleened: holds its responses against its description of the API. */
export const RESPONSE_CHECK = join(CHECKOUT, 'test/testbed/openapi/response-check.ts');

/** What tests keep on this machine from one run to the next. Nobody else may write there: programs are read from it. */
export const CACHE = `/var/tmp/kleene-test-${process.getuid?.() ?? 0}`;

/** Value of NODE_COMPILE_CACHE: what klee and kleened are made of is stripped of its types once, not at each start. */
export const COMPILE_CACHE = join(CACHE, 'compiled');
