import { readFileSync } from 'node:fs';
import { messageOf } from '#errors/kleene-error.ts';
import { usageError } from '../../failure.ts';
import { requireText } from '../../utf8.ts';
import { ownVariable } from '../environment.ts';

/** Limit of the secrets of a build, together. Bytes. */
const MOST = 512 * 1024;

/**
 * Reads the secrets that `--secret` names: `id=ID,src=FILE`, `id=ID,env=NAME`, or `id=ID` of the variable or file ID.
 *
 * @returns by their ids, as base64
 */
export function readSecrets(texts: readonly string[]): Record<string, string> {
	const secrets = texts.map((text) => readSecret(text));
	const total = secrets.reduce((sum, [, content]) => sum + content.length, 0);
	if (total > MOST) throw refused('the build', `they have ${total} bytes`, `use ${MOST} bytes at most, or a volume`);
	return Object.fromEntries(secrets.map(([id, content]) => [id, content.toString('base64')]));
}

function readSecret(text: string): [id: string, content: Buffer] {
	const options = new Map(
		text.split(',').map((word): [string, string] => {
			const equals = word.indexOf('=');
			return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
		}),
	);
	const id = options.get('id') ?? '';
	const unknown = [...options.keys()].find((name) => !['id', 'type', 'src', 'source', 'env'].includes(name));
	if (unknown !== undefined) throw refused(text, `it has no option "${unknown}"`, 'write id=ID,src=FILE');
	if (!/^[\w.-]{1,100}$/.test(id)) throw refused(text, `"${id}" is no id of a secret`, 'write id=ID,src=FILE');
	return [id, contentOf(id, options)];
}

function contentOf(id: string, options: ReadonlyMap<string, string>): Buffer {
	const source = options.get('src') ?? options.get('source');
	const named = options.has('env') || options.get('type') === 'env';
	const isVariable = named || (source === undefined && ownVariable(id) !== undefined);
	const variable = options.get('env') ?? source ?? id;
	if (isVariable) {
		const value = ownVariable(variable);
		requireText(value ?? '', `secret ${id}`, 'environment');
		if (value !== undefined) return Buffer.from(value);
		throw refused(id, `the environment has no variable ${variable}`, 'set it, or name a file with src=FILE');
	}
	try {
		return readFileSync(source ?? id);
	} catch (error) {
		throw refused(id, messageOf(error), 'name a file that you can read with src=FILE');
	}
}

function refused(subject: string, why: string, hint: string): Error {
	return usageError(`cannot use the secret ${subject}`, why, hint);
}
