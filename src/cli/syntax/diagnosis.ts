import { act } from '../invocation.ts';
import { withJson } from './options.ts';
import type { Declaration } from './tree.ts';

const trace = () => import('../commands/trace.ts');
const doctor = () => import('../commands/doctor.ts');

/** Commands of `klee network` that look at the host. */
export const diagnosisCommands: Readonly<Record<string, Declaration>> = {
	doctor: (command) =>
		act(
			withJson(command.description('find what is wrong with the networks of the host')).option(
				'--repair',
				'put it right; running containers are not disturbed',
			),
			async () => (await doctor()).examine,
		),
	trace: (command) =>
		act(
			withJson(
				command
					.description('explain the way of a packet and whether it arrives, hop by hop')
					.argument('<SOURCE>', 'a container, host, outside, or an address')
					.argument('<DESTINATION>', 'the same, and :PORT or :PORT/PROTO; without a port: a ping'),
			),
			async () => (await trace()).explain,
		),
};
