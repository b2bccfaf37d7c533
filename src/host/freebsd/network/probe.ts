import { KleeneError } from '#errors/kleene-error.ts';
import type { ProbeRequest, ProbeResult } from '#host/driver.ts';
import { familyOf } from '#inet/family.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';

/** Seconds. */
const PATIENCE = 1;

/** Result of a probe: exit code of the tool, and the output of the tool and time(1). */
interface Echo {
	readonly code: number;
	readonly said: string;
	readonly milliseconds: number;
}

/**
 * One packet sent with ping(8) or nc(1), and timed. From a stack of its own it is sent with the tools of the image; an
 * ipnet container shares the host's stack, so there the host sends it from the container's address: raw sockets are not
 * needed then. Ends with 0, whatever came of it.
 */
export function probeSection(request: ProbeRequest): Script {
	const send = sh`time -p sh -c ${tool(request).text}`;
	return lines(
		origin(request),
		sh`if said=$(${send} 2>&1); then code=0; else code=$?; fi`,
		sh`printf '%s\\n%s\\n' "$code" "$said"`,
	);
}

/** `$in`: what enters the container. `$from`: the address that is spoken from. Both may be empty. */
function origin({ container, address }: ProbeRequest): Script {
	if (container === undefined) return sh`export in= from=`;
	const parameter = familyOf(address) === 4 ? 'ip4.addr' : 'ip6.addr';
	return lines(
		sh`export in= from=`,
		sh`case $(jls -j ${container} vnet) in`,
		sh`new) in=${`jexec ${container}`} ;;`,
		sh`*) from=$(jls -j ${container} ${parameter}); from=\${from%%,*}; case $from in -) from= ;; esac ;;`,
		sh`esac`,
	);
}

/** Words for a shell in which `$in` and `$from` are words of their own. */
function tool({ address, protocol, port }: ProbeRequest): Script {
	if (protocol === 'icmp')
		// On SIGINT it says what it has seen.
		return sh`exec timeout -s INT ${PATIENCE} $in ping -n -c 1 \${from:+-S $from} ${address}`;
	const connect = sh`-n -w ${PATIENCE} \${from:+-s $from}`;
	if (protocol === 'tcp') return sh`exec timeout ${PATIENCE + 2} $in nc -v -z ${connect} ${address} ${port}`;
	return sh`printf x | timeout ${PATIENCE + 2} $in nc -u ${connect} ${address} ${port} | wc -c`;
}

/** @param stdout of `probeSection`. Throws KleeneError where nothing could be sent: the image lacks the tool, the jail is gone. */
export function readProbe(request: ProbeRequest, stdout: string): ProbeResult {
	const [first = '', ...rest] = stdout.split('\n');
	const said = rest.join('\n');
	requireSent(request, said);
	const real = Number(/^real\s+([\d.]+)/m.exec(said)?.[1] ?? 0);
	const exact = /\btime=([\d.]+) ms/.exec(said)?.[1];
	const milliseconds = exact === undefined ? Math.round(real * 1000) : Number(exact);
	const { outcome, detail } = judge(request, { code: Number(first), said, milliseconds });
	return { outcome, milliseconds, detail };
}

function requireSent({ container, protocol }: ProbeRequest, said: string): void {
	const what = `cannot send a packet from ${container === undefined ? 'the host' : `container ${container}`}`;
	if (/jexec: execvp|not found$/m.test(said) && !/jail "[^"]*" not found/.test(said)) {
		const tool = protocol === 'icmp' ? 'ping' : 'nc';
		const hint = `put ${tool} into the image, or look from the host`;
		throw new KleeneError({ code: 'UNSUPPORTED_HERE', what, why: `the image has no ${tool}`, hint });
	}
	if (/jail "[^"]*" not found/.test(said)) {
		const hint = 'start the container, then try again';
		throw new KleeneError({ code: 'CONTAINER_NOT_RUNNING', what, why: 'its jail is gone', hint });
	}
}

type Judgement = Pick<ProbeResult, 'outcome' | 'detail'>;

/** In the words of strerror(3), and of ping for what a router sent back. */
const SAID: readonly (readonly [RegExp, Judgement])[] = [
	[/Connection refused/, { outcome: 'closed', detail: 'ECONNREFUSED' }],
	[/Port Unreachable/i, { outcome: 'closed', detail: 'ECONNREFUSED' }],
	[/[Pp]ermission denied|Operation not permitted/, { outcome: 'refused', detail: 'EACCES' }],
	[/prohibited/i, { outcome: 'refused', detail: 'EACCES' }],
	[/No route to host|Host Unreachable/i, { outcome: 'refused', detail: 'EHOSTUNREACH' }],
	[/Network is unreachable|Net Unreachable/i, { outcome: 'refused', detail: 'ENETUNREACH' }],
	[/Can't assign requested address/, { outcome: 'refused', detail: 'EADDRNOTAVAIL' }],
	[/Host is down/, { outcome: 'silence', detail: 'EHOSTDOWN' }],
];

function judge({ protocol }: ProbeRequest, { code, said, milliseconds }: Echo): Judgement {
	const answered = protocol === 'udp' ? /^\s*[1-9]\d*$/m.test(said) : code === 0;
	if (answered) return { outcome: 'answered', detail: '' };
	for (const [pattern, judgement] of SAID) if (pattern.test(said)) return judgement;
	// nc waits out its second unless the kernel told it that nobody is there, which it keeps to itself.
	const cutShort = protocol === 'udp' && milliseconds < PATIENCE * 900;
	return cutShort ? { outcome: 'closed', detail: 'ECONNREFUSED' } : { outcome: 'silence', detail: '' };
}
