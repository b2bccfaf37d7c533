/** The model: states of containers, networks, volumes and of the connections between them, and which outcomes each allows. */
import assert from 'node:assert/strict';
import type { Recorded } from './client.ts';
import { type Move, unexplained } from './linear.ts';
import { containerName, networkName, volumeName } from './operations.ts';

/** By outcome: which states it has, and the state that it leaves; `=` leaves it as it is. */
type Rules = Readonly<Record<string, Readonly<Record<string, string>>>>;

const THERE = { stopped: '=', running: '=' };
const ABSENT = { absent: '=' };
const SAME = { absent: '=', stopped: '=', running: '=' };

/** Outcomes of connecting that leave everything as it was. */
const NOT_CONNECTED = ['ADDRESS_TAKEN', 'ADDRESSES_EXHAUSTED', 'PORT_TAKEN'];

const CONTAINER: Readonly<Record<string, Rules>> = {
	'create-container': { ok: { absent: 'stopped' }, NAME_TAKEN: THERE },
	'remove-container': { ok: { stopped: 'absent' }, CONTAINER_RUNNING: { running: '=' }, NO_SUCH_CONTAINER: ABSENT },
	start: {
		ok: { stopped: 'running', running: '=' },
		PORT_TAKEN: { stopped: '=' },
		NO_SUCH_CONTAINER: ABSENT,
		NO_SUCH_EXECUTION: ABSENT,
	},
	stop: { ok: { running: 'stopped' }, CONTAINER_NOT_RUNNING: { stopped: '=' }, NO_SUCH_CONTAINER: ABSENT },
	'inspect-container': { running: { running: '=' }, stopped: { stopped: '=' }, NO_SUCH_CONTAINER: ABSENT },
	connect: {
		ok: THERE,
		ALREADY_CONNECTED: THERE,
		...Object.fromEntries(NOT_CONNECTED.map((code) => [code, THERE])),
		NO_SUCH_CONTAINER: ABSENT,
		NO_SUCH_NETWORK: SAME,
	},
	disconnect: { ok: THERE, NO_SUCH_CONTAINER: ABSENT, NO_SUCH_ENDPOINT: SAME, NO_SUCH_NETWORK: SAME },
};

const PRESENT = { present: '=' };
const NO_CHANGE = { absent: '=', present: '=' };

const NETWORK: Readonly<Record<string, Rules>> = {
	'create-network': { ok: { absent: 'present' }, NAME_TAKEN: PRESENT },
	'remove-network': { ok: { present: 'absent' }, NO_SUCH_NETWORK: ABSENT },
	'inspect-network': { ok: PRESENT, NO_SUCH_NETWORK: ABSENT },
	connect: {
		ok: PRESENT,
		ALREADY_CONNECTED: PRESENT,
		...Object.fromEntries(NOT_CONNECTED.map((code) => [code, PRESENT])),
		NO_SUCH_CONTAINER: NO_CHANGE,
		NO_SUCH_NETWORK: ABSENT,
	},
	disconnect: { ok: PRESENT, NO_SUCH_CONTAINER: NO_CHANGE, NO_SUCH_ENDPOINT: NO_CHANGE, NO_SUCH_NETWORK: ABSENT },
};

const VOLUME: Readonly<Record<string, Rules>> = {
	'create-volume': { ok: { absent: 'present', present: '=' } },
	'remove-volume': { ok: { present: 'absent' }, NO_SUCH_VOLUME: ABSENT },
};

const APART = { apart: '=' };
const PARTS = { apart: '=', joined: 'apart' };

/** The connection of one container to one network. */
const CONNECTION: Readonly<Record<string, Rules>> = {
	connect: { ok: { apart: 'joined' }, ALREADY_CONNECTED: { joined: '=' } },
	disconnect: { ok: { joined: 'apart' }, NO_SUCH_ENDPOINT: APART },
	'create-container': { ok: APART },
	'remove-container': { ok: PARTS },
	'create-network': { ok: APART },
	'remove-network': { ok: PARTS },
	'inspect-container': { joined: { joined: '=' }, apart: APART, NO_SUCH_CONTAINER: APART },
};

/** @throws AssertionError with the operations around the first outcome that no order of them explains */
export function requireLinear(history: readonly Recorded[]): void {
	for (const [object, moves] of movesByObject(history)) {
		const around = unexplained(moves, object.includes(' on ') ? 'apart' : 'absent');
		assert.equal(around, undefined, `${object}: nothing explains the last of these:\n${around?.join('\n')}`);
	}
}

function movesByObject(history: readonly Recorded[]): Map<string, Move[]> {
	const operations = history.map(({ operation }) => operation);
	const containers = new Set(operations.flatMap((one) => ('container' in one ? one.container : [])));
	const networks = new Set(operations.flatMap((one) => ('network' in one ? one.network : [])));
	const objects = new Map<string, Move[]>();
	for (const recorded of history)
		for (const [object, move] of [...onOwnObjects(recorded), ...onConnections(recorded, containers, networks)])
			objects.set(object, [...(objects.get(object) ?? []), move]);
	return objects;
}

type Seen = readonly [object: string, move: Move];

function onOwnObjects(recorded: Recorded): Seen[] {
	const { operation, outcome, seen } = recorded;
	const { kind } = operation;
	const of = (object: string, rules: Rules | undefined, told: string): Seen[] =>
		rules ? [[object, moveOf(recorded, rules, told)]] : [];
	const state = seen ? (seen.running ? 'running' : 'stopped') : outcome;
	return [
		...('volume' in operation ? of(volumeName(operation.volume), VOLUME[kind], outcome) : []),
		...('network' in operation ? of(networkName(operation.network), NETWORK[kind], outcome) : []),
		...('container' in operation ? of(containerName(operation.container), CONTAINER[kind], state) : []),
	];
}

/** An operation on a container or a network alone concerns all connections that it may have. */
function onConnections(recorded: Recorded, containers: Iterable<number>, networks: Iterable<number>): Seen[] {
	const { operation, outcome, seen } = recorded;
	const rules = CONNECTION[operation.kind];
	if (!rules) return [];
	const own = 'container' in operation ? [operation.container] : [...containers];
	const others = 'network' in operation ? [operation.network] : [...networks];
	return own.flatMap((container) =>
		others.flatMap((network): Seen[] => {
			const joined = seen?.networks.includes(networkName(network)) ? 'joined' : 'apart';
			const told = seen ? joined : outcome;
			// What was refused for another reason says nothing of the connection.
			if (!(told in rules)) return [];
			return [[`${containerName(container)} on ${networkName(network)}`, moveOf(recorded, rules, told)]];
		}),
	);
}

function moveOf({ client, operation, began, ended }: Recorded, rules: Rules, outcome: string): Move {
	const what = `[${began}, ${ended}] client ${client}: ${JSON.stringify(operation)}: ${outcome}`;
	const next = (state: string) => {
		const after = rules[outcome]?.[state];
		return after === '=' ? state : after;
	};
	const reads = Object.values(rules[outcome] ?? {}).every((after) => after === '=');
	return { began, ended, reads, what, next };
}
