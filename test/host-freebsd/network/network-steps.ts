/** Parts of a network and of a container on it, and what is expected of every script. */
import assert from 'node:assert/strict';
import { FreebsdNetwork } from '#host/freebsd/network/network.ts';
import { parseRefusal } from '#host/freebsd/refusals.ts';
import type { BridgePortPart, EpairPart } from '#model/parts/epair.ts';
import type { InsideAddressPart, InsideRoutePart } from '#model/parts/inside.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import type { InterfaceAddressPart, NetworkInterfacePart } from '#model/parts/network-interface.ts';
import { type Outcome, ScriptHost } from '../sandbox/scripts.ts';
import { emptyHost, type StandInState } from './stand-in.ts';

/** Of the daemon whose steps they are. */
export const STORE = '1a2b3c4d';
export const CONTAINER = 'aaaabbbbcccc';
export const MAC = '02:1d:c2:9b:8f:36';
export const { handlers } = new FreebsdNetwork({ ifconfig: false, route: false }, STORE);

export const bridge: NetworkInterfacePart = {
	kind: 'network-interface',
	interface: 'kleene0',
	type: 'bridge',
	mac: MAC,
};
export const loopback: NetworkInterfacePart = { ...bridge, interface: 'kleene1', type: 'loopback' };
export const cable: EpairPart = {
	kind: 'epair',
	container: CONTAINER,
	unit: 3,
	inside: 'epair3b',
	mac: '02:00:00:00:00:07',
	mtu: 1400,
	routed: false,
};
export const port: BridgePortPart = {
	kind: 'bridge-port',
	bridge: 'kleene0',
	interface: 'epair3a',
	isolated: true,
	hairpin: true,
};
export const gateway: InterfaceAddressPart = {
	kind: 'interface-address',
	interface: 'kleene0',
	address: '10.4.6.1/24',
};
export const gateway6: InterfaceAddressPart = { ...gateway, address: 'fd00:4:6::1/64' };
export const inner: InsideAddressPart = {
	kind: 'inside-address',
	container: CONTAINER,
	interface: 'epair3b',
	address: '10.4.6.2/24',
};
export const inner6: InsideAddressPart = { ...inner, address: 'fd00:4:6::2/64' };
export const route: InsideRoutePart = {
	kind: 'inside-route',
	container: CONTAINER,
	interface: 'epair3b',
	family: 4,
	gateway: '10.4.6.1',
};
export const ipnetAddress: IpnetAddressPart = {
	kind: 'ipnet-address',
	container: CONTAINER,
	interface: 'kleene1',
	unit: -1,
	inside: 'kleene1',
	address: '10.2.3.7',
	subnet: '10.2.3.0/24',
	hostAddress: '',
};

export const OURS = { description: `kleene:network ${MAC} of ${STORE}`, group: 'bridge', ether: MAC };

export async function host(how: (state: StandInState) => void = () => {}): Promise<ScriptHost> {
	const state = emptyHost();
	state.jails[CONTAINER] = { vnet: true, ip4: [], ip6: [], gateways: {} };
	how(state);
	return ScriptHost.open(state);
}

export function done({ code, stdout, stderr, changes }: Outcome): readonly string[] {
	assert.equal(code, 0, `exit code ${code}: ${stderr}`);
	assert.equal(stdout, '', 'a script has nothing to say to the user');
	return changes;
}

export function refused(outcome: Outcome, code: string): string {
	assert.equal(outcome.code, 1);
	const error = parseRefusal(outcome.stderr);
	assert.equal(error?.code, code, outcome.stderr);
	assert.deepEqual(outcome.changes, [], 'nothing was touched');
	return `${error?.what}: ${error?.why}`;
}
