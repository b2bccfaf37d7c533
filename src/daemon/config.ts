import { parseArgs } from 'node:util';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { FreebsdPlace } from '#model/host/freebsd-place.ts';
import type { HostLimits } from '#model/host/traits.ts';
import { type ConfigFile, DEFAULT_CONFIG_FILE, type ListenerConfig, readConfigFile } from './config-file.ts';
import { DEFAULT_ZFS_ROOT, parseFreebsdOptions } from './freebsd-options.ts';

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
	/** Whether jail parameters may name commands that run on the host. */
	readonly allowHostHooks: boolean;
	/** Discard everything that the database does not list: end containers, put files aside. */
	readonly newStore: boolean;
	/** A level of pino. */
	readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
}

const DEFAULT_ROOT = '/var/lib/kleene';
export const DEFAULT_HOST = 'http:///var/run/kleened.sock';

export const USAGE = `Usage: kleened [options]
       kleened recover [options]          rebuild a lost or damaged database from what is on the disk and what runs
       kleened restore FILE [options]     put a backup ("klee system backup") in its place
       kleened setup-pf [--write] [--freebsd-host URL]    what the pf of a FreeBSD host lacks

  --root DIR      where images, containers and metadata live (default ${DEFAULT_ROOT})
  --host URL      where to listen, may be repeated: http:///path/to.sock, http://127.0.0.1:8080
                  (default ${DEFAULT_HOST})
  --config FILE   YAML configuration (default ${DEFAULT_CONFIG_FILE}, if it exists)
  --netns NAME    network namespace that is the host: a name of "ip netns" or a path
  --dns ADDRESS[:PORT]
                  Linux: name server that containers' questions go to, may be repeated (default: those of /etc/resolv.conf)
  --max-connections N
                  Linux: connections that a container may have begun and the host tracks (default 1/16 of what it can
                  track), 0: no limit
  --max-questions N
                  Linux: questions for names that a container may ask in a second (default 1000), 0: no limit
  --max-macs N    Linux: MAC addresses that the bridge of a network learns besides those of containers (default 1024),
                  0: no limit
  --freebsd-host URL
                  manage a FreeBSD host from here: ssh://root@HOST[:PORT]; it needs nothing but sshd
  --ssh-key FILE  private key for it (default: what ssh finds by itself)
  --ssh-known-hosts FILE
                  host keys that are accepted (default: those that ssh knows by itself)
  --zfs-root DS   FreeBSD: dataset that holds images, containers and volumes (default ${DEFAULT_ZFS_ROOT})
  --allow-host-hooks
                  let containers come with commands that run on the host as root (-J exec.prestart=... and others)
  --new-store     begin with a new database where files of an earlier one are: what runs and is not in the database is
                  ended, and its files are put into lost+found below the root
  --log-level L   debug, info, warning, error
  --version, --help

Options win over the configuration file.
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
	const file = readConfigFile(values.config);
	const hosts = values.host?.map((address) => ({ address }));
	const level = values['log-level'] ?? file.log_level ?? 'info';
	const logLevel = LEVELS[level];
	if (!logLevel)
		throw invalid(`--log-level ${level}`, 'there is no such level', `choose one of ${Object.keys(LEVELS).join(', ')}`);
	const root = values.root ?? file.kleene_root ?? DEFAULT_ROOT;
	if (!/^\/[^\0,:\\]*$/.test(root))
		throw invalid(
			`--root ${root}`,
			'it must be an absolute path without ",", ":" and "\\" (overlayfs cannot take them)',
			'choose another directory',
		);
	return {
		config: {
			root: root.replace(/\/+$/, '') || '/',
			listeners: hosts ?? file.api_listening_sockets ?? [{ address: DEFAULT_HOST }],
			netns: values.netns ?? file.netns,
			dns: values.dns ?? file.dns ?? [],
			freebsd: parseFreebsdOptions({
				host: values['freebsd-host'] ?? file.freebsd_host,
				key: values['ssh-key'] ?? file.ssh_key,
				knownHosts: values['ssh-known-hosts'] ?? file.ssh_known_hosts,
				zfsRoot: values['zfs-root'] ?? file.zfs_root,
				local: process.platform === 'freebsd',
			}),
			limits: limitsFrom(values, file),
			newStore: values['new-store'] ?? false,
			allowHostHooks: values['allow-host-hooks'] ?? file.allow_host_hooks ?? false,
			logLevel: file.enable_logging === false ? 'silent' : logLevel,
		},
		show: values.help ? 'help' : values.version ? 'version' : undefined,
	};
}

function parseOptions(argv: readonly string[]) {
	try {
		return parseArgs({
			args: [...argv],
			options: {
				root: { type: 'string' },
				host: { type: 'string', multiple: true },
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
				'allow-host-hooks': { type: 'boolean' },
				'new-store': { type: 'boolean' },
				'log-level': { type: 'string' },
				version: { type: 'boolean' },
				help: { type: 'boolean', short: 'h' },
			},
		}).values;
	} catch (error) {
		throw invalid('these arguments', messageOf(error), 'see kleened --help');
	}
}

/** The largest that the kernel takes for any of them. */
const HIGHEST_LIMIT = 0x7fff_ffff;

function limitsFrom(values: ReturnType<typeof parseOptions>, file: ConfigFile): Partial<HostLimits> {
	return {
		...limit('connections', 'max-connections', values['max-connections'] ?? file.max_connections),
		...limit('questions', 'max-questions', values['max-questions'] ?? file.max_questions),
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

function invalid(what: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'CONFIG_INVALID', what: `cannot use ${what}`, why, hint });
}
