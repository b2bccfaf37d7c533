import type { ListenersRequest, ProbeRequest, ProbeResult } from '#host/driver.ts';
import { waitingOn } from '#os/linux/port-use.ts';
import { type Echo, sendProbe } from '#os/linux/probe.ts';

/** Milliseconds. */
const PATIENCE = 1000;

/** @param namespace descriptor of the network namespace that it is sent from; undefined: the daemon's own */
export async function probe(namespace: number | undefined, request: ProbeRequest): Promise<ProbeResult> {
	const { address, protocol, port } = request;
	const echo = await sendProbe({ namespace, address, protocol, port, timeout: PATIENCE });
	return { outcome: outcomeOf(echo), milliseconds: echo.milliseconds, detail: echo.code };
}

/** A reset, or the host of the address saying that there is no such port, comes from the other end of the way. */
function outcomeOf({ kind, code }: Echo): ProbeResult['outcome'] {
	if (kind === 'answer') return 'answered';
	if (kind === 'silence') return 'silence';
	return code === 'ECONNREFUSED' ? 'closed' : 'refused';
}

/** @param namespace as above */
export function listeners(namespace: number | undefined, { protocol, port }: ListenersRequest): string[] {
	const sockets = waitingOn({ namespace, protocol, first: port, last: port });
	const addresses = sockets.flatMap(({ address, both }) => (both ? ['0.0.0.0', address] : [address]));
	return [...new Set(addresses)].sort();
}
