import { type Answer, failure, type World } from './world.ts';

/** `zfs promote`: the snapshot that a clone was made from, and those before it, become its own. Text as recorded (140). */
export function promote(world: World, words: readonly string[]): Answer {
	const name = words.at(-1) ?? '';
	const clone = world.datasets.get(name);
	if (!clone) return failure(`cannot open '${name}': dataset does not exist`);
	const { origin } = clone;
	const [parentName = '', taken] = origin.split('@');
	const parent = world.datasets.get(parentName);
	if (taken === undefined || !parent) return failure(`cannot promote '${name}': not a cloned filesystem`);
	const own = [...world.snapshots.keys()].filter((one) => one.startsWith(`${parentName}@`));
	for (const one of own.slice(0, own.indexOf(origin) + 1)) {
		const moved = `${name}@${one.split('@')[1]}`;
		world.snapshots.set(moved, world.snapshots.get(one) ?? '');
		world.snapshots.delete(one);
		for (const [other, dataset] of world.datasets)
			if (dataset.origin === one) world.datasets.set(other, { ...dataset, origin: moved });
	}
	const parentOrigin = parent.origin;
	world.datasets.set(name, { ...clone, origin: parentOrigin });
	world.datasets.set(parentName, { ...parent, origin: `${name}@${taken}` });
	return {};
}
