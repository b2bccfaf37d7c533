import type { HostDriver } from '#host/driver.ts';
import type { Observed } from '#model/host/observed.ts';
import { applyChange } from '#store/changes.ts';
import type { ContainerRecord, Records } from '#store/records/records.ts';
import type { Store } from '#store/store.ts';
import { risingTimestamps } from '../timestamps.ts';
import { Merge, type Report } from './merge.ts';

/** State of a store before records are merged. */
export type Base =
	/** Nothing, or what the daemon used last. */
	| 'current'
	/** As it was some time ago: what runs now is as the records say. */
	| 'backup';

/** Brings a store that no daemon uses to what is on the host, with what the records tell of that. */
export async function recover(store: Store, driver: HostDriver, records: Records, base: Base): Promise<Report> {
	const observed = await driver.observe('everything');
	const { places } = driver.facts();
	const timestamp = risingTimestamps();
	return store.transaction(() => {
		const newVolume = (name: string) => ({ name, created: timestamp(), dataset: `${places.volumes}/${name}` });
		const merge = new Merge(store, { observed, records, newVolume });
		if (base === 'backup' || isOutdated(store, observed)) {
			forgetRuns(store);
			dropMissing(store, observed, merge.report);
			for (const record of runningAmong(records, observed)) replaceContainer(store, record, { merge, records });
			restoreRuns(store, records);
			restoreEnds(store, records);
		}
		merge.takeAll();
		return merge.report;
	});
}

/** A database that does not know what runs is an older one, whatever it was said to be. */
function isOutdated(store: Store, { sandboxes }: Observed): boolean {
	return sandboxes.some(({ container, running }) => running && !store.containers.get(container));
}

/** Plans that were under way then, and cables that may be somebody else's by now. */
function forgetRuns(store: Store): void {
	for (const { id } of store.journal.unfinished()) store.journal.end(id);
	for (const { id } of store.containers.list()) applyChange(store, { kind: 'run-ended', container: id });
}

/** Records are newer than a backup. */
function restoreEnds(store: Store, { containers }: Records): void {
	for (const { container } of containers)
		if (store.containers.get(container.id)) store.containers.setEnd(container.id, container.end ?? null);
}

function dropMissing(store: Store, { rootFiles, layerFiles }: Observed, { left }: Report): void {
	for (const { id, name } of store.containers.list()) {
		if (rootFiles.includes(id)) continue;
		applyChange(store, { kind: 'container-removed', container: id });
		left.push(`container ${name}: its files are gone`);
	}
	for (const { id, name, tag, layer } of store.images.list()) {
		const whole = store.layers.chainIds(layer).every((one) => layerFiles.includes(one));
		if (whole || store.images.containersOf(id).length > 0) continue;
		applyChange(store, { kind: 'image-removed', image: id });
		left.push(`image ${name === '' ? id : `${name}:${tag}`}: its files are gone`);
	}
}

function runningAmong({ containers }: Records, { sandboxes }: Observed): ContainerRecord[] {
	const running = new Set(sandboxes.filter((one) => one.running).map(({ container }) => container));
	return containers.filter(({ container }) => running.has(container.id));
}

/** Restore a running container as it runs; others with the same name or address lose it. */
function replaceContainer(
	store: Store,
	record: ContainerRecord,
	{ merge, records }: { merge: Merge; records: Records },
): void {
	applyChange(store, { kind: 'container-removed', container: record.container.id });
	for (const image of records.images) if (image.image.id === record.container.imageId) merge.takeImage(image);
	const on = new Set(record.endpoints.map(({ networkId }) => networkId));
	for (const network of records.networks) if (on.has(network.network.id)) merge.takeNetwork(network);
	merge.takeContainer(record);
}

/** Restore the parts of containers, so that those of ended ones are removed. */
function restoreRuns(store: Store, { containers }: Records): void {
	for (const { container, endpoints, parts } of containers) {
		if (!store.containers.get(container.id)) continue;
		store.containers.setParts(container.id, parts);
		for (const { id, epair } of endpoints)
			if (epair !== null && !store.endpoints.epairs().includes(epair)) store.endpoints.setEpair(id, epair);
	}
}
