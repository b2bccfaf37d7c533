import { dirname, join } from 'node:path';
import Type from 'typebox';
import { DiskUsage, SystemInfo } from '#api/activity/overview.ts';
import type { Engine } from '#engine/engine.ts';
import type { App } from '../../http.ts';
import { VERSION } from '../../version.ts';

export function overviewRoutes(app: App, { activity: { overview } }: Engine): void {
	app.route({
		method: 'GET',
		url: '/system/info',
		schema: { description: 'ours: the daemon and its host', response: { 200: SystemInfo } },
		config: { errors: [500] },
		handler: async () => {
			const { facts, ...counts } = overview.show();
			const { os, release, kernel, runtime, lacking } = facts;
			const { layers, containers, volumePath } = facts.places;
			// On FreeBSD they are datasets, which have their whole names.
			const placeOf = (name: string) => (os === 'linux' ? join(dirname(volumePath), name) : name);
			const places = { layers: placeOf(layers), containers: placeOf(containers), volumes: volumePath };
			return { version: VERSION, os, release, kernel, runtime, places, lacking: [...lacking], ...counts };
		},
	});

	app.route({
		method: 'GET',
		url: '/system/df',
		schema: { description: 'ours: room on the disk, by object', response: { 200: Type.Array(DiskUsage) } },
		config: { errors: [500], slow: true },
		handler: () => overview.diskUsage(),
	});
}
