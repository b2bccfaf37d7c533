import type { DiskUsage, SystemInfo } from '#api/activity/overview.ts';
import type { Lost, PruneQuery, PruneReport } from '#api/system.ts';
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
	/** Removes what nothing uses, and what is in lost+found. */
	prune(query: PruneQuery): Promise<PruneReport>;
}

export function systemClient(http: HttpTransport): SystemClient {
	return {
		backup: () => http.download({ method: 'GET', path: ['system', 'backup'], doing: 'make a backup' }),
		info: () => http.call({ method: 'GET', path: ['system', 'info'], doing: 'describe the daemon' }),
		diskUsage: () => http.call({ method: 'GET', path: ['system', 'df'], doing: 'measure disk usage' }),
		lost: () => http.call<Lost[]>({ method: 'GET', path: ['system', 'lost'], doing: 'list what was lost' }),
		prune: (query) => http.call({ method: 'POST', path: ['system', 'prune'], query, doing: 'remove unused objects' }),
	};
}
