/** Exit codes, variables and files. They are declared where klee reads them, but without texts: those are here. */
import { EXIT } from '../../src/cli/failure.ts';
import type { Term } from './commands.ts';

export const EXIT_CODES: readonly Term[] = [
	{ term: '0', description: 'success' },
	{ term: `${EXIT.refused}`, description: 'the daemon refused the request, or cannot be reached' },
	{ term: `${EXIT.usage}`, description: 'the command line is not valid' },
	{
		term: `${EXIT.noCommand}`,
		description: 'run, exec: klee failed before or beside the command; their other exit codes are those of the command',
	},
	{ term: `${EXIT.interrupted}`, description: 'interrupted by Ctrl-C' },
	{ term: `${EXIT.noReader}`, description: 'the reader of the output is gone' },
	{ term: `${EXIT.config}`, description: 'the configuration file is not valid' },
];

export const KLEE_ENVIRONMENT: readonly Term[] = [
	{ term: 'KLEE_HOST', description: 'daemon address, like --host' },
	{ term: 'KLEE_CONTEXT', description: 'context, like --context; KLEE_HOST comes before it' },
	{ term: 'XDG_CONFIG_HOME', description: 'directory of klee/contexts (default: ~/.config)' },
	{ term: 'KLEE_CONFIG', description: 'configuration file, like --config' },
	{ term: 'KLEE_THEME', description: 'table style, like --theme' },
	{ term: 'KLEE_TLS_VERIFY', description: 'true or false, like --tlsverify' },
	{ term: 'KLEE_TLS_CERT', description: 'client certificate, like --tlscert' },
	{ term: 'KLEE_TLS_KEY', description: 'client private key, like --tlskey' },
	{ term: 'KLEE_TLS_CACERT', description: 'CA certificate, like --tlscacert' },
	{ term: 'NO_COLOR', description: 'disable colours unless it is empty' },
];

/** The first that exists is read. */
export const KLEE_FILES: readonly Term[] = [
	{ term: './klee_config.yaml', description: 'configuration of klee in the current directory' },
	{ term: '~/.klee/klee_config.yaml', description: 'configuration of klee of the user' },
	{
		term: '/etc/klee/klee_config.yaml',
		description: 'configuration of klee of the machine (FreeBSD: /usr/local/etc/klee/klee_config.yaml)',
	},
];

export const KLEENED_FILES: readonly Term[] = [
	{
		term: '/etc/kleened/config.yaml',
		description: 'configuration of kleened (FreeBSD: /usr/local/etc/kleened/config.yaml)',
	},
	{ term: '/var/lib/kleene', description: 'images, containers, volumes and the database' },
	{ term: '/var/run/kleened.sock', description: 'socket of the API' },
];
