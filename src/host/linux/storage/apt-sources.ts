/**
 * The host's own package sources, reduced to those of the distribution itself: third-party sources may be unreachable
 * or want keys, and a base image needs none of them. Pure.
 */

export interface Release {
	/** `debian`, `ubuntu` or one that is `ID_LIKE` them. */
	readonly id: string;
	/** E.g. `bookworm`. */
	readonly codename: string;
	/** For users, e.g. `Debian GNU/Linux 12 (bookworm)`. */
	readonly name: string;
}

/** The text of os-release(5). Undefined for a distribution that has no codename. */
export function parseRelease(text: string): Release | undefined {
	const fields = new Map<string, string>();
	for (const line of text.split('\n')) {
		const [, key, value] = /^([A-Z_]+)=["']?(.*?)["']?\s*$/.exec(line) ?? [];
		if (key !== undefined && value !== undefined) fields.set(key, value);
	}
	const codename = fields.get('VERSION_CODENAME') ?? '';
	if (!/^[a-z][a-z0-9-]*$/.test(codename)) return undefined;
	return { id: fields.get('ID') ?? '', codename, name: fields.get('PRETTY_NAME') ?? codename };
}

interface Source {
	readonly uri: string;
	readonly suite: string;
	readonly components: readonly string[];
	readonly signedBy: string;
}

/** @param files name and text of sources.list(5) files, one-line (`.list`) or deb822 (`.sources`) */
export function selectSources(files: readonly { name: string; text: string }[], release: Release): string[] {
	const sources = files.flatMap(({ name, text }) => (name.endsWith('.sources') ? parseDeb822(text) : parseList(text)));
	const lines = sources.filter((source) => isOwn(source, release)).map(formatSource);
	return [...new Set(lines)];
}

function isOwn({ uri, suite, components, signedBy }: Source, { id, codename }: Release): boolean {
	const suites = ['', '-updates', '-security', '/updates'].map((pocket) => codename + pocket);
	if (!suites.includes(suite) || !components.includes('main')) return false;
	if (/[\s"'\]]/.test(signedBy + uri)) return false;
	if (signedBy !== '') return /^(debian|ubuntu)-archive-keyring\b/.test(signedBy.split('/').at(-1) ?? '');
	// Without a key of its own it is signed by one that apt trusts for everything; only the usual places then.
	return new RegExp(`/(debian|debian-security|ubuntu|ubuntu-ports|${id.replace(/\W/g, '')})/?$`).test(uri);
}

function formatSource({ uri, suite, components, signedBy }: Source): string {
	return ['deb', ...(signedBy ? [`[signed-by=${signedBy}]`] : []), uri, suite, ...components].join(' ');
}

function parseList(text: string): Source[] {
	return text.split('\n').flatMap((line) => {
		const [, options = '', rest = ''] = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?([^#]*)/.exec(line) ?? [];
		const [uri, suite, ...components] = rest.trim().split(/\s+/);
		if (!uri || !suite) return [];
		const signedBy = /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1] ?? '';
		return [{ uri, suite, components, signedBy }];
	});
}

function parseDeb822(text: string): Source[] {
	return text.split(/\n[ \t]*\n/).flatMap((stanza) => {
		const fields = parseStanza(stanza);
		const words = (key: string) => (fields.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
		if (!words('types').includes('deb') || /^(no|false)$/i.test(fields.get('enabled') ?? '')) return [];
		const [components, signedBy] = [words('components'), fields.get('signed-by') ?? ''];
		return words('uris').flatMap((uri) => words('suites').map((suite) => ({ uri, suite, components, signedBy })));
	});
}

/** Fields with lower-case names; a line that begins with a blank goes on with the field before. */
function parseStanza(stanza: string): Map<string, string> {
	const fields = new Map<string, string>();
	let key = '';
	for (const line of stanza.split('\n').filter((text) => !text.startsWith('#'))) {
		const [, name, value = ''] = /^([A-Za-z-]+):\s*(.*?)\s*$/.exec(line) ?? [];
		if (name !== undefined) key = name.toLowerCase();
		fields.set(key, name === undefined ? `${fields.get(key) ?? ''} ${line.trim()}`.trim() : value);
	}
	return fields;
}
