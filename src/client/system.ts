import type { DiskUsage, SystemInfo } from '#api/activity/overview.ts';
import type { Lost } from '#api/system.ts';
import type { HttpTransport } from './http.ts';

export interface SystemClient {
	/** @returns the database of the daemon, as a file of SQLite */
	backup(): Promise<Buffer>;
	/** The daemon and its host. */
	info(): Promise<SystemInfo>;
	/** Room on the disk, by object. */
	diskUsage(): Promise<DiskUsage[]>;
	/** Objects found that the database did not list. */
	lost(): Promise<Lost[]>;
	/** Removes that. @returns its names, e.g. `container-0123456789ab` */
	prune(): Promise<string[]>;
}

export function systemClient(http: HttpTransport): SystemClient {
	return {
		backup: () => http.download({ method: 'GET', path: ['system', 'backup'], doing: 'make a backup' }),
		info: () => http.call({ method: 'GET', path: ['system', 'info'], doing: 'describe the daemon' }),
		diskUsage: () => http.call({ method: 'GET', path: ['system', 'df'], doing: 'measure disk usage' }),
		lost: () => http.call<Lost[]>({ method: 'GET', path: ['system', 'lost'], doing: 'list what was lost' }),
		prune: () => http.call<string[]>({ method: 'POST', path: ['system', 'prune'], doing: 'remove what was lost' }),
	};
}
