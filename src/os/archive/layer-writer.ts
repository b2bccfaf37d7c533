/** Writes a layer: what it removes of those below, and what it leaves as it is there. */
import { chmodSync, chownSync, constants, fchmodSync, fchownSync, type Stats } from 'node:fs';
import { hasCode } from '../errno.ts';
import {
	changeTimesAt,
	makeDirectoryAt,
	makeWhiteoutAt,
	openAt,
	openDirectoryAt,
	type Place,
	RESOLVE,
	removeFileAt,
	setAttribute,
	withDescriptor,
} from '../linux/files/directory.ts';
import { type ArchiveEntry, nameBytes } from './entry.ts';
import { LowerLayers, OPAQUE } from './lower-layers.ts';
import type { Piece } from './sparse/pieces.ts';
import { TreeWriter } from './tree-writer.ts';
import { removalOf } from './whiteouts.ts';

const INSIDE = RESOLVE.beneath | RESOLVE.noSymlinks | RESOLVE.noMounts;
const YES = Buffer.from('y');

export class LayerWriter extends TreeWriter {
	readonly #below: LowerLayers;
	/** Removed paths: a directory that comes in the place of one hides all that is below. */
	readonly #removed = new Set<string>();
	/** Paths of entries: what is removed of the layers below is not removed of this one. */
	readonly #own = new Set<string>();

	/** @param below directories of the layers below, the top one first */
	constructor(root: string, below: readonly string[]) {
		super(root);
		this.#below = new LowerLayers(below);
		const top = this.#below.find([]);
		if (top) takeOver(this.root, top);
	}

	override close(): void {
		this.#below.close();
		super.close();
	}

	override async put(given: ArchiveEntry, data: AsyncIterable<Piece>): Promise<void> {
		const entry = this.resolved(given);
		const removal = removalOf(entry);
		if (!removal) {
			this.#makeAnew(entry);
			await super.put(entry, data);
			const path = entry.path.join('/');
			this.#own.add(path);
			if (entry.type === 'directory' && this.#removed.has(path)) this.#hideContent(entry.path);
			return;
		}
		// Of nothing there is nothing to remove.
		if (removal.kind === 'none' || this.#below.isEmpty) return;
		if (removal.kind === 'content') this.#hideContent(removal.path, entry);
		else this.#remove(removal.path, entry);
	}

	/** Parents that were removed and have no entry of their own: they are new ones. */
	#makeAnew({ path, name: entry }: ArchiveEntry): void {
		for (let depth = 1; depth < path.length; depth += 1) {
			const parent = path.slice(0, depth);
			const key = parent.join('/');
			if (this.#own.has(key) || !this.#removed.delete(key)) continue;
			const [base, name] = [this.openParent(parent, entry), nameBytes(parent.at(-1) ?? '')];
			ifThere(() => removeFileAt(base, name));
			makeDirectoryAt(base, name, 0o755);
			this.#hideContent(parent);
		}
	}

	#remove(path: readonly string[], entry: ArchiveEntry): void {
		const key = path.join('/');
		if (this.#removed.has(key)) return;
		this.#removed.add(key);
		const base = this.openParent(path, entry.name);
		const name = nameBytes(path.at(-1) ?? '');
		if (!this.#own.has(key)) {
			if (this.#below.find(path)) makeWhiteoutAt(base, name);
			return;
		}
		if (isDirectory(base, name)) this.#hideContent(path);
	}

	#hideContent(path: readonly string[], entry?: ArchiveEntry): void {
		if (entry && path.length > 0) this.openParent([...path, ''], entry.name);
		const fd = openDirectoryAt(this.root, nameBytes(path.join('/') || '.'), INSIDE);
		withDescriptor(fd, () => setAttribute(fd, OPAQUE, YES));
	}

	protected override get isLayer(): boolean {
		return true;
	}

	/** A directory that is only there for what is in it looks as in the layers below. */
	protected override onParent(path: readonly string[], fd: number): void {
		const status = this.#below.find(path);
		if (!status?.isDirectory()) return;
		fchownSync(fd, status.uid, status.gid);
		fchmodSync(fd, status.mode & 0o7777);
		changeTimesAt({ base: fd, name: '.' }, status.mtimeMs / 1000);
	}

	protected override async copyFromBelow(entry: ArchiveEntry, { base, name }: Place): Promise<boolean> {
		const status = this.#below.find(entry.linkPath);
		if (!status?.isFile()) return false;
		const to = `/proc/self/fd/${base}/${name.toString()}`;
		if (!(await this.#below.copy(entry.linkPath, to))) return false;
		chownSync(to, status.uid, status.gid);
		chmodSync(to, status.mode & 0o7777);
		changeTimesAt({ base, name }, status.mtimeMs / 1000);
		return true;
	}
}

function ifThere(run: () => void): void {
	try {
		run();
	} catch (error) {
		if (!hasCode(error, 'ENOENT')) throw error;
	}
}

function isDirectory(base: number, name: Buffer): boolean {
	try {
		return withDescriptor(openAt(base, name, { flags: constants.O_DIRECTORY, resolve: INSIDE }), () => true);
	} catch {
		return false;
	}
}

/** The root directory of a layer that has no entry of its own. */
function takeOver(fd: number, { uid, gid, mode }: Stats): void {
	fchownSync(fd, uid, gid);
	fchmodSync(fd, mode & 0o7777);
}
