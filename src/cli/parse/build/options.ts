import type { ImageBuildConfig } from '#api/builds.ts';
import { usageError } from '../../failure.ts';
import { requireText } from '../../utf8.ts';
import { type ContainerCreateOptions, containerConfig } from '../container.ts';
import { ownVariable } from '../environment.ts';
import { joiningsOf } from '../network.ts';
import { readSecrets } from './secrets.ts';

export interface BuildOptions
	extends Pick<ContainerCreateOptions, 'user' | 'env' | 'mount' | 'jailparam' | 'driver' | 'ip' | 'ip6'> {
	readonly network: readonly string[];
	readonly from?: string;
	readonly file: string;
	readonly tag: readonly string[];
	readonly quiet?: boolean;
	/** `auto`: `tty` where stderr is a terminal that can draw. */
	readonly progress: 'auto' | 'plain' | 'tty';
	readonly rm?: boolean;
	readonly buildArg: readonly string[];
	readonly secret: readonly string[];
	readonly target?: string;
	readonly cache: boolean;
}

export function buildConfig(
	{ context, dockerfile }: Pick<ImageBuildConfig, 'context' | 'dockerfile'>,
	options: BuildOptions,
): ImageBuildConfig {
	const [tag = '', ...tags] = options.tag;
	return {
		context,
		dockerfile,
		tag,
		quiet: options.quiet ?? false,
		cleanup: options.rm ?? false,
		buildargs: Object.fromEntries(options.buildArg.map(buildArg)),
		networks: joiningsOf(options.network, options),
		container_config: containerConfig(options.from ?? '', [], {
			...options,
			restart: 'no',
			publish: [],
			publishFrom: [],
		}),
		...(tags.length > 0 && { tags }),
		...(options.secret.length > 0 && { secrets: readSecrets(options.secret) }),
		...(options.target !== undefined && { target: options.target }),
		...(!options.cache && { no_cache: true }),
	};
}

/** `NAME=VALUE`, or a NAME whose value is that of klee's own environment. */
function buildArg(text: string): [string, string] {
	const equals = text.indexOf('=');
	const name = equals < 0 ? text : text.slice(0, equals);
	const value = equals < 0 ? ownVariable(text) : text.slice(equals + 1);
	requireText(value ?? '', `build argument ${name}`, equals < 0 ? 'environment' : 'argument');
	if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) && value !== undefined) return [name, value];
	throw usageError(
		`cannot use the build argument ${text}`,
		value === undefined ? `the environment has no variable ${name}` : `"${name}" is no name of a variable`,
		'write --build-arg NAME=VALUE',
	);
}
