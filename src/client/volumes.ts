import type { IdResponse } from '#api/shapes.ts';
import type { Volume, VolumeInspect } from '#api/volumes.ts';
import type { HttpTransport } from './http.ts';

export interface VolumesClient {
	list(): Promise<Volume[]>;
	/** @returns the name; one that is there stays as it is */
	create(name: string): Promise<string>;
	inspect(volume: string): Promise<VolumeInspect>;
	/** @returns the name */
	remove(volume: string): Promise<string>;
	/** @returns the names of the volumes that no container mounted and that are gone */
	prune(): Promise<string[]>;
}

export function volumesClient(http: HttpTransport): VolumesClient {
	return {
		list: () => http.call<Volume[]>({ method: 'GET', path: ['volumes', 'list'], doing: 'list volumes' }),
		create: async (name) =>
			(
				await http.call<IdResponse>({
					method: 'POST',
					path: ['volumes', 'create'],
					body: { name },
					doing: `create volume ${name}`,
				})
			).id,
		inspect: (volume) =>
			http.call<VolumeInspect>({
				method: 'GET',
				path: ['volumes', volume, 'inspect'],
				doing: `inspect volume ${volume}`,
			}),
		remove: async (volume) =>
			(await http.call<IdResponse>({ method: 'DELETE', path: ['volumes', volume], doing: `remove volume ${volume}` }))
				.id,
		prune: () => http.call<string[]>({ method: 'POST', path: ['volumes', 'prune'], doing: 'remove unused volumes' }),
	};
}
