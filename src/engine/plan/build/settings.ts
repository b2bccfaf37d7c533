import type { Action, Command } from '#model/build/dockerfile.ts';
import type { ImageConfig } from '#model/image.ts';
import { expand, type Lookup } from './expand.ts';

/** Instructions that change the configuration alone and make no layer. */
export type Setting = Exclude<Action, { readonly kind: 'run' | 'copy' | 'add' | 'arg' | 'workdir' }>;

/**
 * The configuration after an instruction.
 *
 * @throws SyntaxError, UnsetVariable of `expand`
 */
export function withSetting(config: ImageConfig, setting: Setting, lookup: Lookup, escapeChar: string): ImageConfig {
	const replaced = (text: string) => expand(text, lookup, escapeChar);
	switch (setting.kind) {
		case 'env':
			return { ...config, env: mergeEnv(config.env, replacedPairs(setting.pairs, replaced)) };
		case 'label':
			return { ...config, labels: { ...config.labels, ...Object.fromEntries(replacedPairs(setting.pairs, replaced)) } };
		case 'user':
			return { ...config, user: replaced(setting.value) };
		case 'stopsignal':
			return { ...config, stopSignal: replaced(setting.value) };
		case 'cmd':
			return { ...config, cmd: words(setting.command, config) };
		case 'entrypoint':
			// The command of the base image was meant for its own entrypoint.
			return { ...config, entrypoint: words(setting.command, config), cmd: [] };
		case 'expose':
			return {
				...config,
				exposedPorts: union(
					config.exposedPorts,
					setting.values.flatMap((value) => ports(replaced(value))),
				),
			};
		case 'volume':
			return { ...config, volumes: union(config.volumes, setting.values.map(replaced)) };
		case 'shell':
			return { ...config, shell: setting.words };
		case 'healthcheck':
			return { ...config, healthCheck: { test: healthTest(setting.command), ...setting.options } };
	}
}

/** Words of a command: text is given to the shell of the image. */
export function words(command: Command, config: Pick<ImageConfig, 'shell'>): readonly string[] {
	if (command.form === 'exec') return command.words;
	return [...(config.shell.length > 0 ? config.shell : ['/bin/sh', '-c']), command.text];
}

/** Directory after WORKDIR. Relative to the one before; `..` does not leave the root. */
export function workdirAfter(before: string, value: string): string {
	const parts: string[] = [];
	for (const part of (value.startsWith('/') ? value : `${before}/${value}`).split('/')) {
		if (part === '..') parts.pop();
		else if (part !== '' && part !== '.') parts.push(part);
	}
	return `/${parts.join('/')}`;
}

function healthTest(command: Command | 'none'): readonly string[] {
	if (command === 'none') return ['NONE'];
	return command.form === 'exec' ? ['CMD', ...command.words] : ['CMD-SHELL', command.text];
}

function replacedPairs(
	pairs: readonly (readonly [string, string])[],
	replaced: (text: string) => string,
): (readonly [string, string])[] {
	// All values of one instruction see the variables of before it.
	return pairs.map(([name, value]) => [replaced(name), replaced(value)] as const);
}

function mergeEnv(env: readonly string[], pairs: readonly (readonly [string, string])[]): readonly string[] {
	const merged = new Map(env.map((word) => [word.slice(0, word.indexOf('=')), word]));
	for (const [name, value] of pairs) merged.set(name, `${name}=${value}`);
	return [...merged.values()];
}

function ports(text: string): string[] {
	return text
		.split(/\s+/)
		.filter((word) => word !== '')
		.map((word) => (word.includes('/') ? word : `${word}/tcp`));
}

function union(before: readonly string[], more: readonly string[]): readonly string[] {
	return [...new Set([...before, ...more])];
}
