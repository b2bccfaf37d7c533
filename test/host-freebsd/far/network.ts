import { type Answer, type Call, failure, type Stack, stackOf, withJail } from './world.ts';

/** netstat(1) `--libxo json -rn`, the table in the shape of the recordings 006 and 036. */
export function netstat(call: Call): Answer {
	const stack = stackOf(call);
	const families = ([4, 6] as const).map((family) => ({
		'address-family': family === 4 ? 'Internet' : 'Internet6',
		'rt-entry': [...defaultsOf(stack, family), ...connected(stack, family)],
	}));
	const table = { 'route-information': { 'route-table': { 'rt-family': families } } };
	return { stdout: `${JSON.stringify({ statistics: table })}\n` };
}

function defaultsOf(stack: Stack, family: 4 | 6): object[] {
	const gateway = stack.defaults.get(family);
	if (gateway === undefined) return [];
	const name = interfaceTo(stack, gateway) ?? 'vtnet0';
	return [{ destination: 'default', gateway, flags: 'UGS', flags_pretty: ['up'], weight: 1, 'interface-name': name }];
}

function connected({ interfaces }: Stack, family: 4 | 6): object[] {
	return [...interfaces.values()].flatMap((one) =>
		one.addresses
			.filter((address) => address.includes(':') === (family === 6))
			.map((address) => ({
				destination: networkOf(address),
				gateway: 'link#1',
				flags: 'U',
				'interface-name': one.name,
			})),
	);
}

function networkOf(text: string): string {
	const [address = '', prefix = '64'] = text.split('/');
	if (address.includes(':')) return `${address.replace(/::.*$/, '::')}/${prefix}`;
	const bits = Number(prefix);
	if (bits === 32) return address;
	const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
	const base = Math.floor(value / 2 ** (32 - bits)) * 2 ** (32 - bits);
	return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`;
}

function interfaceTo({ interfaces }: Stack, gateway: string): string | undefined {
	const inside = (own: string) =>
		own.includes(':')
			? gateway.startsWith(own.split('::')[0] ?? '')
			: networkOf(own) === networkOf(`${gateway}/${own.split('/')[1]}`);
	return [...interfaces.values()].find(({ addresses }) =>
		addresses.some((own) => own.includes(':') === gateway.includes(':') && inside(own)),
	)?.name;
}

/** route(8): `add`, `delete`, `get` of the default route. Texts as recorded (116, 117, 143). */
export function route(all: Call): Answer {
	const call = withJail(all, 'route');
	if (!('argv' in call)) return call;
	const stack = stackOf(call);
	const words = call.argv.filter((word) => !/^-(n|q|nq|qn|inet|4)$/.test(word));
	const family = words.some((word) => word === '-inet6' || word === '-6') ? 6 : 4;
	const [verb = '', target = '', gateway = ''] = words.filter((word) => word !== '-inet6' && word !== '-6');
	const present = stack.defaults.get(family);
	if (verb === 'monitor') return { run: 'exec sleep 3600' };
	if (target !== 'default') return failure(`route: bad address: ${target}`, 68);
	if (verb === 'get') {
		if (present === undefined) return failure('route: route has not been found');
		const name = interfaceTo(stack, present) ?? 'vtnet0';
		return {
			stdout: `   route to: default\ndestination: default\n       mask: default\n    gateway: ${present}\n        fib: 0\n  interface: ${name}\n`,
		};
	}
	if (verb === 'delete') {
		if (!stack.defaults.delete(family))
			return { stdout: `delete net default: gateway ${gateway} fib 0: not in table\n`, code: 1 };
		return { stdout: `delete net default\n` };
	}
	if (present !== undefined && verb !== 'change')
		return { stdout: `add net default: gateway ${gateway} fib 0: route already in table\n`, code: 1 };
	if (interfaceTo(stack, gateway) === undefined)
		return {
			stderr: `route: message indicates error: Network is unreachable\n`,
			stdout: `add net default: gateway ${gateway} fib 0: Network is unreachable\n`,
			code: 1,
		};
	stack.defaults.set(family, gateway);
	return { stdout: `${verb} net default: gateway ${gateway}\n` };
}

export function sysctl({ world, argv }: Call): Answer {
	const lines: string[] = [];
	let code = 0;
	const errors: string[] = [];
	for (const word of argv.filter((one) => !one.startsWith('-'))) {
		const [name = '', value] = word.split('=');
		const present = world.sysctls.get(name);
		if (present === undefined) {
			errors.push(`sysctl: unknown oid '${name}'`);
			code = 1;
			continue;
		}
		if (value === undefined) lines.push(argv.some((one) => /^-\w*n/.test(one)) ? present : `${name}: ${present}`);
		else {
			world.sysctls.set(name, value);
			lines.push(`${name}: ${present} -> ${value}`);
		}
	}
	const quiet = argv.some((one) => /^-\w*[qi]/.test(one));
	return {
		stdout: lines.map((line) => `${line}\n`).join(''),
		stderr: quiet ? '' : errors.map((line) => `${line}\n`).join(''),
		code,
	};
}

/** ping(8) by what the world knows: an address that some stack has answers. Bounded: `-c` echoes at the most. */
export function ping(call: Call): Answer {
	const { world, argv, jail } = call;
	const target = argv.findLast((word) => /^[0-9a-f.:]+$/.test(word) && /[.:]/.test(word)) ?? '';
	const confined = jail === '' ? undefined : world.jails.get(jail);
	if (confined && !confined.stack && !/^(true|1)$/.test(confined.parameters.get('allow.raw_sockets') ?? ''))
		return failure('ping: ssend socket: Operation not permitted', 71);
	const stacks = [world.host, ...[...world.jails.values()].flatMap((one) => one.stack ?? [])];
	const there = stacks.some(({ interfaces }) =>
		[...interfaces.values()].some(({ addresses, up }) => up && addresses.some((own) => own.split('/')[0] === target)),
	);
	const at = argv.indexOf('-c');
	const count = at === -1 ? 1 : Math.min(5, Number(argv[at + 1]));
	const replies = Array.from(
		{ length: there ? count : 0 },
		(_, seq) => `64 bytes from ${target}: icmp_seq=${seq} ttl=64 time=0.097 ms`,
	);
	const loss = there ? '0.0' : '100.0';
	const statistics = `--- ${target} ping statistics ---\n${count} packets transmitted, ${replies.length} packets received, ${loss}% packet loss`;
	return {
		stdout: `${[`PING ${target} (${target}): 56 data bytes`, ...replies, '', statistics].join('\n')}\n`,
		code: there ? 0 : 2,
	};
}
