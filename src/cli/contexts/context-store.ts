/** Contexts: daemons under a name, in files of the user. `klee context` manages them, `--context` names one. */
import type { TlsFiles } from '#client/tls.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';

// A static import would evaluate the lazy exports of node:fs, which costs every command 3 ms.
const fs = process.getBuiltinModule('node:fs');

export interface Context {
	readonly name: string;
	/** See `parseDaemonAddress`. */
	readonly host: string;
	readonly description: string;
	/** Paths of the copies in the store. */
	readonly tls: TlsFiles;
}

/** No context: the daemon that the environment, the configuration file or the default names. */
export const NO_CONTEXT = 'default';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/;
const FILES = { cacert: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } as const;

/**
 * Below `$XDG_CONFIG_HOME/klee` (default `~/.config/klee`): `current-context`, and a folder `contexts/NAME` with
 * `context.json` and copies of the TLS files. Files have mode 0600, as one of them is a private key.
 */
export class ContextStore {
	readonly #directory: string | undefined;

	/** @param environment of klee: `XDG_CONFIG_HOME`, `HOME` */
	constructor({ XDG_CONFIG_HOME: xdg, HOME: home }: Readonly<Record<string, string | undefined>> = process.env) {
		const base = xdg?.startsWith('/') ? xdg : home && `${home}/.config`;
		this.#directory = base ? `${base}/klee` : undefined;
	}

	/** Sorted. */
	names(): string[] {
		const names = this.#directory === undefined ? [] : filesIn(`${this.#directory}/contexts`);
		return names.filter((name) => NAME.test(name)).sort();
	}

	/** @throws KleeneError NO_SUCH_CONTEXT, or CONFIG_INVALID where its file is damaged */
	read(name: string): Context {
		const folder = this.#folderOf(name);
		const { host, description, tlsverify } = readSettings(name, `${folder}/context.json`);
		const tls = Object.entries(FILES)
			.map(([key, file]): [string, string] => [key, `${folder}/${file}`])
			.filter(([, path]) => fs.existsSync(path));
		return { name, host, description, tls: { ...Object.fromEntries(tls), ...(tlsverify && { verify: true }) } };
	}

	/** Name of the current context; undefined: none. */
	current(): string | undefined {
		try {
			return fs.readFileSync(`${this.#directory}/current-context`, 'utf8').trim() || undefined;
		} catch {
			return undefined;
		}
	}

	/** @throws KleeneError NO_SUCH_CONTEXT */
	use(name: string): void {
		const file = `${this.#required(`use context ${name}`)}/current-context`;
		if (name === NO_CONTEXT) {
			fs.rmSync(file, { force: true });
			return;
		}
		this.read(name);
		translateErrors(`cannot use context ${name}`, () => {
			writePrivate(`${file}.new`, `${name}\n`);
			fs.renameSync(`${file}.new`, file);
		});
	}

	/** Copies the TLS files. @throws KleeneError INVALID_ARGUMENT, NAME_TAKEN, CONFIG_INVALID */
	create({ name, host, description, tls }: Context): void {
		const what = `cannot create context ${name}`;
		if (!NAME.test(name) || name === NO_CONTEXT)
			throw new KleeneError({
				code: 'INVALID_ARGUMENT',
				what,
				why: name === NO_CONTEXT ? `"${NO_CONTEXT}" stands for no context` : `"${name}" is not a name of a context`,
				hint: 'use letters, digits, "_", "." and "-", at most 63, e.g. lab',
			});
		const contexts = `${this.#required(`create context ${name}`)}/contexts`;
		if (fs.existsSync(`${contexts}/${name}`)) throw taken(what, name);
		translateErrors(what, () => {
			fs.mkdirSync(contexts, { recursive: true, mode: 0o700 });
			// A context is there as a whole or not at all; a name with a dot in front is no context.
			const folder = fs.mkdtempSync(`${contexts}/.new-`);
			try {
				const settings = { host, description, ...(tls.verify && { tlsverify: true }) };
				writePrivate(`${folder}/context.json`, `${JSON.stringify(settings, null, '\t')}\n`);
				for (const key of ['cacert', 'cert', 'key'] as const)
					if (tls[key] !== undefined) writePrivate(`${folder}/${FILES[key]}`, fs.readFileSync(tls[key]));
				fs.renameSync(folder, `${contexts}/${name}`);
			} catch (error) {
				fs.rmSync(folder, { recursive: true, force: true });
				throw error;
			}
		});
	}

	/** @throws KleeneError NO_SUCH_CONTEXT */
	remove(name: string): void {
		const folder = this.#folderOf(name);
		translateErrors(`cannot remove context ${name}`, () => fs.rmSync(folder, { recursive: true }));
		if (this.current() === name) this.use(NO_CONTEXT);
	}

	#folderOf(name: string): string {
		const folder = `${this.#directory}/contexts/${name}`;
		if (this.#directory === undefined || !NAME.test(name) || !fs.existsSync(folder)) throw noSuchContext(name);
		return folder;
	}

	#required(doing: string): string {
		if (this.#directory !== undefined) return this.#directory;
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: `cannot ${doing}`,
			why: 'contexts are in the home directory of the user, and HOME is not set',
			hint: 'set HOME or XDG_CONFIG_HOME',
		});
	}
}

interface Stored {
	readonly host: string;
	readonly description: string;
	readonly tlsverify: boolean;
}

function readSettings(name: string, file: string): Stored {
	try {
		const { host, description = '', tlsverify = false } = JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<Stored>;
		if (typeof host === 'string' && typeof description === 'string')
			return { host, description, tlsverify: tlsverify === true };
		throw new Error('it has no "host"');
	} catch (error) {
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: `cannot read context ${name}`,
			why: `${file}: ${messageOf(error)}`,
			hint: `correct the file, or remove the directory it is in and create the context again`,
		});
	}
}

function translateErrors(what: string, action: () => void): void {
	try {
		action();
	} catch (error) {
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what,
			why: messageOf(error),
			hint: 'contexts are below XDG_CONFIG_HOME (default ~/.config): make it writable, or choose another directory',
			cause: error,
		});
	}
}

function writePrivate(path: string, content: string | Uint8Array): void {
	fs.writeFileSync(path, content, { mode: 0o600 });
}

function filesIn(directory: string): string[] {
	return fs.existsSync(directory) ? fs.readdirSync(directory) : [];
}

function noSuchContext(name: string): KleeneError {
	return new KleeneError({
		code: 'NO_SUCH_CONTEXT',
		what: `cannot use context ${name}`,
		why: 'there is no context of this name',
		hint: `see "klee context ls"; "klee context use ${NO_CONTEXT}" goes back to none`,
	});
}

function taken(what: string, name: string): KleeneError {
	return new KleeneError({
		code: 'NAME_TAKEN',
		what,
		why: 'a context of this name exists',
		hint: `choose another name, or remove it first: klee context rm ${name}`,
	});
}
