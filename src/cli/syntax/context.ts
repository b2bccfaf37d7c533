import type { CreateOptions } from '../commands/context.ts';
import { actLocally } from '../invocation.ts';
import { type Declaration, withJson } from './options.ts';

const actions = () => import('../commands/context.ts');

export const contextCommands: Readonly<Record<string, Declaration>> = {
	create: (command) =>
		actLocally<CreateOptions>(
			command
				.description('give a daemon a name; its TLS files are copied')
				.argument('<NAME>', 'e.g. lab')
				.requiredOption(
					'--host <URL>',
					'address, like --host of klee: ssh://USER@HOST, https://HOST:PORT, http:///path/to.sock',
				)
				.option('--tlsverify', 'verify the daemon certificate')
				.option('--tlscert <FILE>', 'client certificate (PEM)')
				.option('--tlskey <FILE>', 'client private key (PEM)')
				.option('--tlscacert <FILE>', 'CA certificate to trust (PEM); implies --tlsverify')
				.option('--description <TEXT>', 'text for "klee context ls"')
				.option('--use', 'make it the current context'),
			async () => (await actions()).create,
		),
	ls: (command) =>
		actLocally<{ json?: boolean }>(withJson(command.description('list contexts')), async () => (await actions()).list),
	use: (command) =>
		actLocally(
			command.description('choose the current context').argument('<CONTEXT>', '"default" for none'),
			async () => (await actions()).use,
		),
	show: (command) =>
		actLocally(command.description('print the name of the current context'), async () => (await actions()).show),
	inspect: (command) =>
		actLocally(
			command.description('show a context').argument('[CONTEXT]', '(default: the current one)'),
			async () => (await actions()).inspect,
		),
	rm: (command) =>
		actLocally(
			command.description('remove contexts and their TLS files').argument('<CONTEXTS...>'),
			async () => (await actions()).remove,
		),
};
