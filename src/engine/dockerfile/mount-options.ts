import type { MountOption } from '#model/build/dockerfile.ts';
import type { Statement } from './statement.ts';
import { invalidInstruction } from './syntax-error.ts';

type MountType = MountOption['type'];

/** Source: BuildKit, docs/reference.md, "RUN --mount". */
const OPTIONS: Readonly<Record<MountType, readonly string[]>> = {
	bind: ['target', 'source', 'from', 'readwrite', 'readonly'],
	cache: ['target', 'id', 'sharing', 'mode', 'uid', 'gid', 'readonly', 'readwrite'],
	tmpfs: ['target', 'size'],
	secret: ['target', 'id', 'required', 'mode', 'uid', 'gid'],
};

const LONG_NAMES: ReadonlyMap<string, string> = new Map(
	Object.entries<string>({
		dst: 'target',
		destination: 'target',
		src: 'source',
		ro: 'readonly',
		rw: 'readwrite',
	}),
);

const FLAGS = ['readonly', 'readwrite', 'required'];

/** The options `--mount` of RUN; others are refused. */
export function mountOptions(statement: Statement): MountOption[] {
	return statement.flags.map(([name, value]) => {
		if (name === 'mount' && value !== null) return mountOption(value, statement);
		const hint = 'use the options of klee build: --network, --jailparam';
		throw refused(statement, `RUN --${name}${name === 'mount' ? ' without a value' : ''} is not supported`, hint);
	});
}

function mountOption(text: string, statement: Statement): MountOption {
	const pairs = text.split(',').map((word): [string, string] => {
		const equals = word.indexOf('=');
		const name = (equals < 0 ? word : word.slice(0, equals)).toLowerCase();
		return [LONG_NAMES.get(name) ?? name, equals < 0 ? 'true' : word.slice(equals + 1)];
	});
	const { type = 'bind', ...options } = Object.fromEntries(pairs);
	if (!isMountType(type)) throw unknownType(statement, type);
	const names = OPTIONS[type];
	for (const [name, value] of Object.entries(options)) {
		if (!names.includes(name))
			throw refused(statement, `--mount=type=${type} has no option ${name}`, `use ${names.join(', ')}`);
		if (FLAGS.includes(name) && !['true', 'false'].includes(value))
			throw refused(statement, `${name} of a mount is true or false`, `write ${name} alone, or leave it out`);
	}
	if (options.target === undefined && !(type === 'secret' && options.id !== undefined))
		throw refused(statement, `--mount=type=${type} has no target`, 'add target=PATH');
	return { type, options };
}

function isMountType(type: string): type is MountType {
	return Object.hasOwn(OPTIONS, type);
}

function unknownType(statement: Statement, type: string): Error {
	const hint =
		type === 'ssh'
			? 'hand over a key with --mount=type=secret and "klee build --secret", or fetch the files before the build'
			: `use ${Object.keys(OPTIONS).join(', ')}`;
	return refused(statement, `mounts of type ${type} are not supported`, hint);
}

function refused({ number, line }: Statement, why: string, hint: string): Error {
	return invalidInstruction(number, line, why, hint);
}
