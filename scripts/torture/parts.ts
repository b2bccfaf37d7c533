/** All parts of the torture, in the order of the table. */
import type { Part } from '../../test/torture/part.ts';
import { restarts } from '../../test/torture/restarts.ts';

export const PARTS: readonly Part[] = [restarts];
