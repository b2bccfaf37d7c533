/** Layers of images from elsewhere: each a clone of the one below, changed by tar(1) with data that the daemon looked at. */
import { createReadStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import { explainArchive } from '#host/registry/archive-failure.ts';
import { blobFile, damagedLayer, layersIn, shortDigest } from '#host/registry/layout.ts';
import type { RegistryPlaces } from '#host/registry/places.ts';
import type { LayerSource } from '#model/layer.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { failureOf } from '#model/step.ts';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { sendFiles, sendRemovals } from '#os/archive/send-layer.ts';
import { errorOutput } from '#os/shell/error-output.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import type { Shell } from '#os/shell/shell.ts';
import { unreachable } from '../batch.ts';
import type { Paths } from '../paths.ts';
import { askOne } from '../question.ts';
import { parseRefusal } from '../refusals.ts';
import { HOSTILE_WORDS } from '../storage/base-system.ts';
import { INSIDE } from '../storage/inroot.ts';

/** Milliseconds that a program whose input has ended may take to end, too. */
const LEAVE = 5000;

/** A layer that is unpacked from a layout. */
export interface BlobPart extends LayerPart {
	readonly source: Extract<LayerSource, { kind: 'blob' }>;
}

/**
 * Script of xargs(1) in the root of a layer, for the words of `sendRemovals`. A directory on the way that is a link has
 * nothing below it: where the link leads is not looked at. Nothing runs in the layer.
 */
const REMOVE = `set -e
${INSIDE}
for word; do
	path=\${word#?}
	inside "$path" || continue
	case $word in
	-?*) rm -rf "./$path" ;;
	+?*) [ ! -d "./$path" ] || [ -L "./$path" ] || rm -rf "./$path" ;;
	=*) [ ! -d "./$path" ] || [ -L "./$path" ] || find "./$path" -mindepth 1 -maxdepth 1 -exec rm -rf {} + ;;
	esac
done`;

export class Unpacking {
	readonly #shell: Shell;
	readonly #paths: Paths;
	readonly #places: RegistryPlaces;

	constructor(shell: Shell, paths: Paths, places: RegistryPlaces) {
		this.#shell = shell;
		this.#paths = paths;
		this.#places = places;
	}

	/**
	 * @param begin script that makes the dataset, and ends with `there` where the layer is complete
	 * @param undo script that removes it
	 */
	async make(part: BlobPart, scripts: { readonly begin: Script; readonly undo: Script }, options: ApplyOptions) {
		const begun = await askOne(
			this.#shell,
			{ script: scripts.begin, parse: (output) => output.trim() },
			{ signal: options.signal },
		);
		if (begun === 'there') return;
		try {
			await this.#fill(part, options);
			const script = sh`zfs snapshot ${this.#paths.layerSnapshot(part.layer)}`;
			await askOne(this.#shell, { script, parse: () => undefined }, {});
		} catch (error) {
			await askOne(this.#shell, { script: scripts.undo, parse: () => undefined }, {}).catch(() => {});
			options.signal?.throwIfAborted();
			throw error;
		}
	}

	async #fill(part: BlobPart, { progress = () => {}, signal }: ApplyOptions): Promise<void> {
		const layout = this.#places.layout(part.source.layout);
		const digest = layersIn(layout)[part.source.position] ?? '';
		const read = () => ({
			bytes: createReadStream(blobFile(layout, digest), { highWaterMark: 256 * 1024 }),
			size: undefined,
		});
		const root = this.#paths.layer(part.layer);
		progress(`${shortDigest(digest)}: unpacking\n`);
		if (part.below.length > 0) {
			const words = sh`cd ${root} && exec xargs -0 -n 500 /bin/sh -c ${REMOVE} sh`;
			await this.#send(part, words, (to) => sendRemovals(read(), to, { signal }));
		}
		// -U: a link in the place of a directory makes way for one, and is not followed.
		const unpack = sh`exec tar -xpUf - --numeric-owner --no-fflags --no-acls -C ${root}`;
		const onProgress = (count: number) => progress(`${shortDigest(digest)}: unpacking, ${count} files\n`);
		const unpacked = await this.#send(part, unpack, (to) =>
			sendFiles(read(), to, { signal, onProgress, saysBytes: true }),
		);
		if (`sha256:${unpacked.digest}` !== part.source.diffId) throw damagedLayer(digest, part.source.diffId);
		progress(`${shortDigest(digest)}: done, ${unpacked.entries} files\n`);
	}

	/** Runs a script on the host with something as its input. Where it has had enough, it says why. */
	async #send<T>(part: BlobPart, script: Script, write: (to: Writable) => Promise<T>): Promise<T> {
		const session = await this.#shell.open(script).catch((error: unknown) => {
			throw unreachable(error);
		});
		const said = errorOutput(session);
		session.stdout.resume();
		try {
			const sent = await write(session.stdin).then(
				(value) => ({ value }),
				(error: unknown) => ({ error }),
			);
			const isOurs = 'error' in sent && !session.stdin.errored;
			if (isOurs) throw sent.error;
			session.stdin.end();
			const code = await session.exited;
			if (code !== 0) throw refused(part, said(), code);
			if ('error' in sent) throw sent.error;
			return sent.value;
		} catch (error) {
			// A program that still unpacks would be in the way of the removal.
			session.stdin.destroy();
			await Promise.race([session.exited, new Promise((resolve) => setTimeout(resolve, LEAVE).unref())]).catch(
				() => {},
			);
			session.close();
			throw explained(part, unreachable(error));
		}
	}
}

function explained(part: LayerPart, error: unknown): unknown {
	if (!(error instanceof ArchiveError)) return error;
	return new KleeneError({ what: failureOf({ verb: 'make', part }), ...explainArchive(error), cause: error });
}

function refused(part: LayerPart, said: string, code: number): KleeneError {
	const full = /No space left|quota exceeded/i.test(said);
	return (
		parseRefusal(said) ??
		new KleeneError({
			code: new RegExp(HOSTILE_WORDS).test(said) ? 'HOSTILE_ARCHIVE' : 'IMAGE_FAILED',
			what: failureOf({ verb: 'make', part }),
			why: said.trim().split('\n').slice(-3).join('; ') || `the host ended it with exit code ${code}`,
			hint: full ? 'make room in the pool of the host' : 'have the image pushed again',
		})
	);
}
