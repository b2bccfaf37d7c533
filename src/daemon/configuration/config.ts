import { parseArgs } from 'node:util';
import { isKleeneError, KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { FreebsdPlace } from '#model/host/freebsd-place.ts';
import type { HostLimits } from '#model/host/traits.ts';
import { type ConfigFile, DEFAULT_CONFIG_FILE, type ListenerConfig, readConfigFile } from './config-file.ts';
import { DEFAULT_ZFS_ROOT, parseFreebsdOptions } from './freebsd-options.ts';
import { LISTENER_OPTIONS, listenersFrom } from './listener-options.ts';
import { isDatasetRoot } from './original-keys.ts';

export interface DaemonConfig {
	/** Absolute path of the directory that holds everything the daemon keeps. */
	readonly root: string;
	readonly listeners: readonly ListenerConfig[];
	/** Name or path of the network namespace that is the host; undefined: the one the daemon runs in. */
	readonly netns: string | undefined;
	/** Name servers for what is no container, `ADDRESS[:PORT]`; none: those of the host's resolv.conf. */
	readonly dns: readonly string[];
	/** undefined: the host is Linux. */
	readonly freebsd: FreebsdPlace | undefined;
	/** Limits that are not to be the defaults of the host. */
	readonly limits: Partial<HostLimits>;
	/** Milliseconds; undefined: the default. See `HostOptions`. */
	readonly downloadTimeout: number | undefined;
	/** Whether jail parameters may name commands that run on the host. */
	readonly allowHostHooks: boolean;
	/** Discard everything that the database does not list: end containers, put files aside. */
	readonly newStore: boolean;
	/** Lines for the log about the configuration. */
	readonly notes: readonly string[];
	/** A level of pino. */
	readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
}

const DEFAULT_ROOT = '/var/lib/kleene';
export const DEFAULT_HOST = 'http:///var/run/kleened.sock';

export const USAGE = `Usage: kleened [options]
       kleened recover [options]          rebuild a lost or damaged database from files and running containers
       kleened restore FILE [options]     put a backup ("klee system backup") in its place
       kleened setup-pf [--write] [--freebsd-host URL]    show or add the lines that pf.conf of a FreeBSD host lacks

  --root DIR      directory of images, containers, volumes and the database (default ${DEFAULT_ROOT})
  --host URL      address to listen on (repeatable): http:///path/to.sock, http://127.0.0.1:8080, https://ADDRESS:PORT
                  (default ${DEFAULT_HOST})
  --tlscert FILE  certificate (PEM) of the https listener before this option; SIGHUP reads it again
  --tlskey FILE   its private key (PEM; default: in the file of --tlscert)
  --tlscacert FILE
                  CA of the certificates of clients (PEM)
  --tlsverify     accept only clients with a certificate of --tlscacert
  --tlsdh FILE    Diffie-Hellman parameters (PEM)
  --config FILE   configuration file, YAML (default ${DEFAULT_CONFIG_FILE}, if it exists)
  --netns NAME    network namespace to manage as the host: a name of "ip netns" or a path
  --dns ADDRESS[:PORT]
                  Linux: name server for names outside of Kleene (repeatable; default: those of /etc/resolv.conf)
  --max-connections N
                  Linux: limit the tracked connections opened by a container (default 1/16 of the capacity of the host),
                  0: no limit
  --max-questions N
                  Linux: limit the DNS queries of a container per second (default 1000), 0: no limit
  --max-macs N    Linux: limit the MAC addresses learned by the bridge of a network (default 1024),
                  0: no limit
  --max-processes N
                  Linux: limit the processes and threads of a container (default 1/16 of the capacity of the host),
                  0: no limit
  --download-timeout SECONDS
                  give up a server of images or packages that sends nothing for this long (default 60)
  --freebsd-host URL
                  manage a remote FreeBSD host: ssh://root@HOST[:PORT]; it needs only sshd
  --ssh-key FILE  ssh private key (default: keys of ssh)
  --ssh-known-hosts FILE
                  accepted host keys (default: those of ssh)
  --zfs-root DS   FreeBSD: dataset of images, containers and volumes (default ${DEFAULT_ZFS_ROOT})
  --allow-host-hooks
                  allow containers to define commands that run on the host as root (-J exec.prestart=... and others)
  --new-store     start with a new database in a root directory with files of an earlier one: end running containers and
                  move their files to lost+found
  --log-level L   debug, info, warning, error
  --version, --help

Options override the configuration file.
`;

const LEVELS: Readonly<Record<string, DaemonConfig['logLevel']>> = {
	debug: 'debug',
	info: 'info',
	notice: 'info',
	warning: 'warn',
	error: 'error',
	critical: 'fatal',
	alert: 'fatal',
	emergency: 'fatal',
};

export interface Arguments {
	readonly config: DaemonConfig;
	readonly show: 'help' | 'version' | undefined;
}

export function readArguments(argv: readonly string[]): Arguments {
	const values = parseOptions(argv);
	const { values: file, notes } = readConfigFile(values.config);
	const level = values['log-level'] ?? file.log_level ?? 'info';
	const logLevel = LEVELS[level];
	if (!logLevel)
		throw invalid(`--log-level ${level}`, 'there is no such level', `choose one of ${Object.keys(LEVELS).join(', ')}`);
	const dataset = isDatasetRoot(file.kleene_root) ? file.kleene_root : undefined;
	const root = values.root ?? (dataset === undefined ? file.kleene_root : undefined) ?? DEFAULT_ROOT;
	const freebsd = freebsdFrom(values, file, dataset);
	if (!/^\/[^\0,:\\]*$/.test(root))
		throw invalid(
			`--root ${root}`,
			'it must be an absolute path without ",", ":" and "\\" (overlayfs cannot take them)',
			'choose another directory',
		);
	return {
		config: {
			root: root.replace(/\/+$/, '') || '/',
			listeners: values.listeners ?? file.api_listening_sockets ?? [{ address: DEFAULT_HOST }],
			netns: values.netns ?? file.netns,
			dns: values.dns ?? file.dns ?? [],
			freebsd,
			notes: [
				...notes,
				...(dataset === undefined || freebsd ? [] : [`ignored kleene_root: ${dataset}: ${NO_DATASETS}`]),
			],
			limits: limitsFrom(values, file),
			downloadTimeout: seconds('download-timeout', values['download-timeout'] ?? file.download_timeout),
			newStore: values['new-store'] ?? false,
			allowHostHooks: values['allow-host-hooks'] ?? file.allow_host_hooks ?? false,
			logLevel: file.enable_logging === false ? 'silent' : logLevel,
		},
		show: values.help ? 'help' : values.version ? 'version' : undefined,
	};
}

const NO_DATASETS = 'it is a ZFS dataset, and this host keeps everything in a directory (--root)';

/** @param dataset the original's `kleene_root` */
function freebsdFrom(
	values: ReturnType<typeof parseOptions>,
	file: ConfigFile,
	dataset: string | undefined,
): FreebsdPlace | undefined {
	const host = values['freebsd-host'] ?? file.freebsd_host;
	const local = process.platform === 'freebsd';
	const zfsRoot = values['zfs-root'] ?? file.zfs_root ?? (local || host !== undefined ? dataset : undefined);
	const key = values['ssh-key'] ?? file.ssh_key;
	return parseFreebsdOptions({
		host,
		key,
		knownHosts: values['ssh-known-hosts'] ?? file.ssh_known_hosts,
		zfsRoot,
		local,
	});
}

function parseOptions(argv: readonly string[]) {
	try {
		const { values, tokens } = parseArgs({
			args: [...argv],
			tokens: true,
			options: {
				...LISTENER_OPTIONS,
				root: { type: 'string' },
				config: { type: 'string' },
				netns: { type: 'string' },
				dns: { type: 'string', multiple: true },
				'freebsd-host': { type: 'string' },
				'ssh-key': { type: 'string' },
				'ssh-known-hosts': { type: 'string' },
				'zfs-root': { type: 'string' },
				'max-connections': { type: 'string' },
				'max-questions': { type: 'string' },
				'max-macs': { type: 'string' },
				'max-processes': { type: 'string' },
				'download-timeout': { type: 'string' },
				'allow-host-hooks': { type: 'boolean' },
				'new-store': { type: 'boolean' },
				'log-level': { type: 'string' },
				version: { type: 'boolean' },
				help: { type: 'boolean', short: 'h' },
			},
		});
		return { ...values, listeners: listenersFrom(tokens) };
	} catch (error) {
		if (isKleeneError(error)) throw error;
		throw invalid('these arguments', reasonOf(error), 'see kleened --help');
	}
}

/** By the code of the error; Node says how its own parser wants them. */
function reasonOf(error: unknown): string {
	const [, option] = /'(--?[\w-]+)/.exec(messageOf(error)) ?? [];
	switch ((error as NodeJS.ErrnoException).code) {
		case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
			return `there is no option ${option ?? ''}`.trim();
		case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE':
			return `the value of ${option ?? 'an option'} is missing or begins with "-" (write ${option ?? '--option'}=VALUE)`;
		case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
			return 'kleened takes options, and as the first word recover, restore or setup-pf';
		default:
			return messageOf(error);
	}
}

/** The largest that the kernel takes for any of them. */
const HIGHEST_LIMIT = 0x7fff_ffff;

function limitsFrom(values: ReturnType<typeof parseOptions>, file: ConfigFile): Partial<HostLimits> {
	return {
		...limit('connections', 'max-connections', values['max-connections'] ?? file.max_connections),
		...limit('questions', 'max-questions', values['max-questions'] ?? file.max_questions),
		...limit('processes', 'max-processes', values['max-processes'] ?? file.max_processes),
		...limit('learnedAddresses', 'max-macs', values['max-macs'] ?? file.max_macs),
	};
}

function limit(field: keyof HostLimits, option: string, value: string | number | undefined): Partial<HostLimits> {
	if (value === undefined) return {};
	const number = Number(value);
	if (!/^\d+$/.test(`${value}`) || number > HIGHEST_LIMIT)
		throw invalid(`--${option} ${value}`, 'it is not a number', 'write a whole number, e.g. 1000, or 0 for no limit');
	return { [field]: number };
}

/** The longest time that a timer of Node takes, in seconds. */
const LONGEST = 2_147_483;

/** @returns milliseconds */
function seconds(option: string, value: string | number | undefined): number | undefined {
	if (value === undefined) return undefined;
	const number = Number(value);
	if (!/^\d+$/.test(`${value}`) || number < 1 || number > LONGEST)
		throw invalid(`--${option} ${value}`, 'it is not a number of seconds', `write a whole number from 1 to ${LONGEST}`);
	return number * 1000;
}

function invalid(what: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'CONFIG_INVALID', what: `cannot use ${what}`, why, hint });
}
