/**
 * A Linux host on which containers have everything but files and processes: their network stacks, cables, addresses,
 * bridge ports and firewall elements are real and made by the real driver. So a thousand containers fit on any machine.
 */
import type { ApplyOptions, HostDriver, HostProcess, RunRequest } from '#host/driver.ts';
import { LinuxHost } from '#host/linux/driver.ts';
import type { Part } from '#model/part.ts';
import type { Step } from '#model/step.ts';
import { workOfThread } from './timing.ts';

const LEFT_OUT: ReadonlySet<Part['kind']> = new Set(['layer', 'root-files', 'root-mount', 'name-servers', 'sandbox']);

export interface BareHost extends HostDriver {
	/** Milliseconds spent in the handler for published ports since the last look: by the clock, and of the processor. */
	readonly takePortTime: () => { readonly clock: number; readonly own: number };
}

/** @param netns path of a network namespace */
export async function openBareHost(root: string, netns: string): Promise<BareHost> {
	const names = { lookup: () => undefined, reverse: () => undefined };
	const host = await LinuxHost.open({ root, netns, dns: [], names, log: { warn() {} } });
	let portTime = { clock: 0, own: 0 };
	const apply = async (steps: readonly Step[], options?: ApplyOptions) => {
		const real = steps.filter(({ part }) => !LEFT_OUT.has(part.kind));
		const ports = real.length > 0 && real.every(({ part }) => part.kind === 'published-ports');
		const before = { clock: performance.now(), own: workOfThread() };
		await host.apply(real, options);
		if (ports) {
			portTime.clock += performance.now() - before.clock;
			portTime.own += workOfThread() - before.own;
		}
		options?.onDone?.(steps.length);
	};
	return {
		activity: host.activity,
		transport: host.transport,
		builds: host.builds,
		traffic: host.traffic,
		facts: () => host.facts(),
		observe: (scope, expected) => host.observe(scope, expected),
		describe: (step) => host.describe(step),
		apply,
		run: (request) => Promise.resolve(noProcess(request)),
		modify: (container, change) => host.modify(container, change),
		probe: (request) => host.probe(request),
		listeners: (request) => host.listeners(request),
		watch: (listener) => host.watch(listener),
		ready: () => host.ready(),
		close: () => host.close(),
		takePortTime: () => {
			const time = portTime;
			portTime = { clock: 0, own: 0 };
			return time;
		},
	};
}

/** Something that never ends, since nothing of it began. */
function noProcess(_request: RunRequest): HostProcess {
	const nothing = () => {};
	const never = new Promise<never>(nothing);
	return {
		onOutput: nothing,
		write: () => true,
		onDrained: nothing,
		pause: nothing,
		resume: nothing,
		endInput: nothing,
		resize: nothing,
		kill: nothing,
		hangUp: nothing,
		detach: nothing,
		ended: never,
	};
}
