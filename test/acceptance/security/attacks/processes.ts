/** Processes of the host and of other containers. */
import type { Attack } from '../attack.ts';

const PIDS = 'process id namespace: it has no number there';

/** HOST_PID and HOST_FILE stand for a process of the host, and for a file that it has. */
export const PROCESSES: readonly Attack[] = [
	{
		what: 'see processes of the host',
		run: { script: 'test -e /proc/HOST_PID && echo seen || echo unseen' },
		outcome: 'unseen',
		by: PIDS,
	},
	{ what: 'signal a process of the host', run: { call: 'kill=HOST_PID' }, outcome: 'ESRCH', by: PIDS },
	{ what: 'trace a process of the host', run: { call: 'ptrace=HOST_PID' }, outcome: 'ESRCH', by: PIDS },
	{
		what: 'read a file of the host by /proc/1/root',
		run: { script: 'cat /proc/1/root/HOST_FILE 2>/dev/null || echo refused' },
		outcome: 'refused',
		by: 'process 1 is that of the container',
	},
	{
		what: 'read a file of the host by the directory of process 1',
		run: { script: 'cat /proc/1/cwd/../../../../HOST_FILE 2>/dev/null || echo refused' },
		outcome: 'refused',
		by: 'process 1 is that of the container',
	},
	{
		what: 'read a file of the host by a descriptor left open',
		run: { script: 'for f in /proc/1/fd/*; do cat $f/../../../HOST_FILE 2>/dev/null && exit; done; echo refused' },
		outcome: 'refused',
		by: 'no descriptor of a directory is passed on',
	},
	{
		what: 'read the environment of the daemon',
		run: { script: 'grep -c NODE_COMPILE_CACHE /proc/1/environ' },
		outcome: '0',
		by: 'processes get an environment of their own',
	},
];
