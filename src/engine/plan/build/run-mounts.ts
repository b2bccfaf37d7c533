import { KleeneError } from '#errors/kleene-error.ts';
import type { MountOption } from '#model/build/dockerfile.ts';
import type { FileOrigin } from '#model/build/files.ts';
import type { CacheSharing, NumericOwner, RunMount } from '#model/build/run-mounts.ts';
import { workdirAfter } from './settings.ts';

/** A mount that RUN asks for; of a cache there is the id that the Dockerfile gives it. */
export type PlannedMount = RunMount & { readonly sharing?: CacheSharing };

export interface MountScope {
	/** Replaces variables. */
	readonly expand: (text: string) => string;
	readonly workdir: string;
	readonly context: FileOrigin;
	/** The files of another stage or of an image. */
	readonly originOf: (reference: string) => FileOrigin;
	/** Id of the build. */
	readonly build: string;
	/** Ids of the secrets that it was given. */
	readonly secrets: ReadonlySet<string>;
}

/** Directories that every container has of its own. */
const SYSTEM = /^\/(proc|sys|dev)(\/|$)/;
const SHARING: readonly string[] = ['shared', 'locked', 'private'] satisfies readonly CacheSharing[];

/**
 * The mounts of a RUN, those at a directory before those below it. A secret that the build was not given is left out, unless
 * it is required.
 *
 * @throws KleeneError BUILD_FAILED
 * @throws SyntaxError of `expand`
 */
export function planRunMounts(options: readonly MountOption[], scope: MountScope): PlannedMount[] {
	const mounts = options.flatMap((option) => planned(option, scope));
	const places = mounts.map(({ destination }) => destination);
	const twice = places.find((place, index) => places.indexOf(place) !== index);
	if (twice !== undefined) throw refused(twice, 'two mounts have this target', 'mount each at a place of its own');
	return mounts.sort((one, other) => depthOf(one) - depthOf(other));
}

function depthOf({ destination }: RunMount): number {
	return destination.split('/').length;
}

function planned({ type, options }: MountOption, scope: MountScope): PlannedMount[] {
	const text = (name: string) => (options[name] === undefined ? undefined : scope.expand(options[name]));
	const id = text('id');
	const destination = destinationOf(text('target') ?? `/run/secrets/${id}`, scope);
	const readOnly = options.readonly === 'true';
	switch (type) {
		case 'bind': {
			const from = text('from');
			const origin = from === undefined ? scope.context : scope.originOf(from);
			const source = { kind: 'bind', origin, path: workdirAfter('/', text('source') ?? '') } as const;
			return [{ destination, readOnly: options.readwrite !== 'true', source }];
		}
		case 'cache': {
			const sharing = sharingOf(text('sharing') ?? 'shared', destination);
			return [
				{
					destination,
					readOnly,
					source: { kind: 'cache', cache: id ?? destination, owner: ownerOf(text, 0o755) },
					sharing,
				},
			];
		}
		case 'tmpfs':
			return [{ destination, readOnly, source: { kind: 'tmpfs', size: sizeOf(text('size'), destination) } }];
		case 'secret': {
			const named = id ?? destination.split('/').at(-1) ?? '';
			const source = { kind: 'secret', build: scope.build, id: named, owner: ownerOf(text, 0o400) } as const;
			if (scope.secrets.has(named)) return [{ destination, readOnly: true, source }];
			if (options.required !== 'true') return [];
			throw refused(destination, `the build was given no secret ${named}`, `add --secret id=${named},src=FILE`);
		}
	}
}

function destinationOf(target: string, { workdir }: MountScope): string {
	const destination = workdirAfter(workdir, target);
	if (destination === '/') throw refused('/', 'it is the root directory of the image', 'mount at a directory below');
	if (!SYSTEM.test(destination) && !destination.includes('\0')) return destination;
	throw refused(destination, 'every container has its own /proc, /sys and /dev', 'mount at a directory such as /mnt');
}

function sharingOf(text: string, destination: string): CacheSharing {
	if (SHARING.includes(text)) return text as CacheSharing;
	throw refused(destination, `"${text}" is no way to share a cache`, `use ${SHARING.join(', ')}`);
}

function ownerOf(text: (name: string) => string | undefined, mode: number): NumericOwner {
	const number = (name: string, base: number, fallback: number) => {
		const given = text(name);
		if (given === undefined) return fallback;
		const digits = base === 8 ? /^[0-7]{1,5}$/ : /^\d{1,10}$/;
		if (digits.test(given) && Number.parseInt(given, base) < 2 ** 32 - 1) return Number.parseInt(given, base);
		throw refused(text('target') ?? '', `"${given}" is no ${name}`, 'write e.g. mode=0440,uid=1000');
	};
	return { uid: number('uid', 10, 0), gid: number('gid', 10, 0), mode: number('mode', 8, mode) & 0o7777 };
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function sizeOf(text: string | undefined, destination: string): number | undefined {
	if (text === undefined) return undefined;
	const [, digits, unit = ''] = /^(\d{1,12})([bkmg]?)b?$/i.exec(text) ?? [];
	if (digits !== undefined) return Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
	throw refused(destination, `"${text}" is no size`, 'write e.g. size=64m');
}

function refused(destination: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'BUILD_FAILED', what: `cannot mount at ${destination}`, why, hint });
}

/** A pattern that matches a path alone. */
export function literalPattern(path: string): string {
	return path.replace(/[*?[\\]/g, '\\$&');
}
