import { createSecureContext } from 'node:tls';
import { parseDaemonAddress } from '#client/address.ts';
import { readTls, type TlsFiles } from '#client/tls.ts';
import { messageOf } from '#errors/kleene-error.ts';
import { type Context, ContextStore, NO_CONTEXT } from '../contexts/context-store.ts';
import { usageError } from '../failure.ts';
import { each, type LocalAction } from '../invocation.ts';
import { renderJson } from '../render/json.ts';
import { line, lines, note, terminalWidth } from '../render/output.ts';
import { type Column, renderTable } from '../render/table.ts';

export interface CreateOptions {
	readonly host: string;
	readonly tlsverify?: boolean;
	readonly tlscert?: string;
	readonly tlskey?: string;
	readonly tlscacert?: string;
	readonly description?: string;
	readonly use?: boolean;
}

interface Row extends Context {
	readonly current: boolean;
}

const COLUMNS: readonly Column<Row>[] = [
	{ title: 'NAME', cell: ({ name, current }) => (current ? `${name} *` : name), shrinks: true, maximum: 30 },
	{ title: 'HOST', cell: ({ host }) => host, shrinks: true },
	{ title: 'DESCRIPTION', cell: ({ description }) => description, shrinks: true },
];

export const create: LocalAction<CreateOptions> = async ({ args: [name = ''], options }) => {
	const { host, description = '', tlsverify, tlscert, tlskey, tlscacert } = options;
	const tls = { verify: tlsverify, cert: tlscert, key: tlskey, cacert: tlscacert };
	checkDaemon(host, tls);
	const store = new ContextStore();
	store.create({ name, host, description, tls });
	if (options.use) store.use(name);
	line(name);
	if (!options.use) note(`to make it the current context: klee context use ${name}`);
};

/** What can be seen without asking the daemon. */
function checkDaemon(host: string, tls: TlsFiles): void {
	const { tls: secure } = parseDaemonAddress(host);
	const given = Object.values(tls).some((value) => value !== undefined);
	if (given && !secure) throw usageError(`${host} has no TLS`, 'options of TLS are for https', 'write https://...');
	if (tls.cert !== undefined && tls.key === undefined)
		throw usageError('--tlscert has no --tlskey', 'a certificate proves nothing without its key', 'add --tlskey FILE');
	try {
		const { cert, key, ca } = readTls(tls);
		createSecureContext({ cert, key, ca });
	} catch (error) {
		if (!(error instanceof Error && 'code' in error && `${error.code}`.startsWith('ERR_OSSL'))) throw error;
		throw usageError(
			'the TLS files do not fit together',
			messageOf(error),
			'give PEM files: a certificate, its own key, and the CA of the daemon',
		);
	}
}

export const list: LocalAction<{ json?: boolean }> = async ({ options, theme }) => {
	const store = new ContextStore();
	const current = store.current();
	const rows: Row[] = [];
	// A damaged context is reported after the others were shown.
	const reading = each(store.names(), async (name) => {
		rows.push({ ...store.read(name), current: name === current });
	});
	const failure = await reading.then(
		() => undefined,
		(error: unknown) => error,
	);
	if (options.json) line(renderJson(rows));
	else lines(renderTable(COLUMNS, rows, { theme, width: terminalWidth() }));
	if (failure) throw failure;
};

export const use: LocalAction<object> = async ({ args: [name = ''] }) => {
	new ContextStore().use(name);
	line(name);
	const { KLEE_HOST, KLEE_CONTEXT } = process.env;
	const stronger = KLEE_HOST ? 'KLEE_HOST' : KLEE_CONTEXT ? 'KLEE_CONTEXT' : undefined;
	if (stronger) note(`${stronger} is set in the environment, and comes before the current context`);
};

export const show: LocalAction<object> = async () => line(new ContextStore().current() ?? NO_CONTEXT);

export const inspect: LocalAction<object> = async ({ args: [name] }) => {
	const store = new ContextStore();
	const chosen = name ?? store.current();
	if (chosen === undefined || chosen === NO_CONTEXT)
		throw usageError('there is no current context', 'none was chosen', 'name one, see "klee context ls"');
	line(renderJson({ ...store.read(chosen), current: store.current() === chosen }));
};

export const remove: LocalAction<object> = ({ args }) => {
	const store = new ContextStore();
	return each(args, async (name) => {
		store.remove(name);
		line(name);
	});
};
