import { act } from '../invocation.ts';
import { type Declaration, withJson } from './options.ts';

const trace = () => import('../commands/trace.ts');
const doctor = () => import('../commands/doctor.ts');

/** Commands of `klee network` that look at the host. */
export const diagnosisCommands: Readonly<Record<string, Declaration>> = {
	doctor: (command) =>
		act(
			withJson(command.description('diagnose the networks of the host')).option(
				'--repair',
				'repair what was found; running containers are not interrupted',
			),
			async () => (await doctor()).examine,
		),
	trace: (command) =>
		act(
			withJson(
				command
					.description('trace a packet hop by hop')
					.argument('<SOURCE>', 'container, host, outside or an address')
					.argument('<DESTINATION>', 'like SOURCE, with :PORT or :PORT/PROTO; without a port: ping'),
			),
			async () => (await trace()).explain,
		),
};
