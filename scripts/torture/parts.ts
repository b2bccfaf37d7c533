/** All parts of the torture, in the order of the table. */

import { churn } from '../../test/torture/churn.ts';
import { endpoints } from '../../test/torture/endpoints.ts';
import { freebsdKills } from '../../test/torture/freebsd-kills.ts';
import { HOSTILE } from '../../test/torture/hostile.ts';
import { failures, kills } from '../../test/torture/kills/parts.ts';
import { linuxFailures, linuxKills, randomKills } from '../../test/torture/linux/parts.ts';
import type { Part } from '../../test/torture/part.ts';
import { restarts } from '../../test/torture/restarts.ts';

export const PARTS: readonly Part[] = [
	kills,
	failures,
	linuxKills,
	linuxFailures,
	randomKills,
	freebsdKills,
	restarts,
	churn,
	endpoints,
	...HOSTILE,
];
