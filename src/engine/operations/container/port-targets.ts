import type { Container } from '#model/container.ts';
import type { Store } from '#store/store.ts';
import { type Target, targetNow, targetOf } from '../../plan/network/ports.ts';
import { portsAmong } from '../../run-planner.ts';

/**
 * Where the published ports of a container lead, one for each. While it runs they stay where they lead, though a new start
 * would have them lead elsewhere.
 */
export function targetsOf(store: Store, container: Container, running: boolean): Target[] {
	const parts = portsAmong(store.containers.parts(container.id));
	if (running) return container.publicPorts.map((port) => targetNow(port, parts));
	const memberships = store.endpoints.ofContainer(container.id).flatMap((endpoint) => {
		const network = store.networks.get(endpoint.networkId);
		return network ? [{ endpoint, network }] : [];
	});
	const target = targetOf(container, memberships);
	return container.publicPorts.map(() => target);
}
