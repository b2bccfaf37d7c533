import type { Lost } from '#api/system.ts';
import type { HttpTransport } from './http.ts';

export interface SystemClient {
	/** @returns the database of the daemon, as a file of SQLite */
	backup(): Promise<Buffer>;
	/** Objects found that the database did not list. */
	lost(): Promise<Lost[]>;
	/** Removes that. @returns its names, e.g. `container-0123456789ab` */
	prune(): Promise<string[]>;
}

export function systemClient(http: HttpTransport): SystemClient {
	return {
		backup: () => http.download({ method: 'GET', path: ['system', 'backup'], doing: 'make a backup' }),
		lost: () => http.call<Lost[]>({ method: 'GET', path: ['system', 'lost'], doing: 'list what was lost' }),
		prune: () => http.call<string[]>({ method: 'POST', path: ['system', 'prune'], doing: 'remove what was lost' }),
	};
}
