import type { FreebsdPlace } from '#model/host/freebsd-place.ts';
import type { Script } from '#os/shell/quote.ts';
import type { ShellLog } from '#os/shell/shell.ts';
import type { PfOutcome, PfSituation } from './freebsd/firewall/pf-setup.ts';

/** The pf of a FreeBSD host, for `kleened setup-pf`. */
export interface PfHost {
	look(): Promise<PfSituation>;
	write(situation: PfSituation): Promise<PfOutcome>;
	close(): Promise<void>;
}

/** @param root directory for the socket of a connection */
export async function openPf(place: FreebsdPlace, root: string, log: ShellLog): Promise<PfHost> {
	const { connect } = await import('./freebsd/connection.ts');
	const { lookAtPf, writePf } = await import('./freebsd/firewall/pf-setup.ts');
	const shell = await connect({ place, root, log, lock: false });
	const run = async (script: Script) => {
		const [result] = await shell.exchange([{ name: 'pf', script }]);
		return result ?? { code: 1, stdout: '', stderr: 'the host said nothing' };
	};
	const stamp = () => new Date().toISOString().replace(/[-:]|\.\d+/g, '');
	return {
		look: () => lookAtPf({ run }),
		write: (situation) => writePf({ run }, situation, stamp()),
		close: () => shell.close(),
	};
}
