/** Restarts of the daemon under load: every packet of every flow is counted at both ends. */
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { Load } from '#test/testbed/traffic/load.ts';
import type { Figures, Part } from './part.ts';

const RESTARTS = 20;
const SIGNALS = ['SIGTERM', 'SIGKILL'] as const;

export const restarts: Part = {
	name: 'restarts',
	what: 'the daemon is ended by SIGTERM and SIGKILL in turn under traffic through every kind of port; no packet is lost',
	minutes: 3,
	async run() {
		const land = await Landscape.start();
		try {
			return await restartUnderLoad(land, RESTARTS);
		} finally {
			await land.close();
		}
	},
};

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * @param land without networks and containers, which stay on it
 * @param times signals in turn, beginning with SIGTERM
 */
export async function restartUnderLoad(land: Landscape, times: number): Promise<Figures> {
	const load = await Load.start(land);
	try {
		// By their handles, and without counts: a rule that was made anew has another.
		const rules = () => land.host.insideOutput('nft', '-a', '-s', 'list', 'table', 'inet', 'kleene');
		const before = await rules();
		for (let restart = 0; restart < times; restart += 1) {
			await land.host.stopDaemon(SIGNALS[restart % SIGNALS.length]);
			await pause(200);
			await land.host.startDaemon();
			await pause(500);
		}
		const { packets, lost, losses, flows } = await load.finish();
		const doctor = await land.host.klee('network', 'doctor');
		const failures = [
			...losses,
			...((await rules()) === before ? [] : ['rules of the firewall were made anew']),
			...(doctor.code === 0 ? [] : [`doctor: ${doctor.stdout}`]),
			...(packets > flows * times ? [] : [`only ${packets} packets were sent`]),
		];
		return { injected: times, packets, lost, note: `${flows} flows`, failures };
	} finally {
		await load.stop();
	}
}
