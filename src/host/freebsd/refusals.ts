import { ERROR_CODES, type ErrorCode } from '#errors/codes.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { Part } from '#model/part.ts';
import { failureOf, type Step } from '#model/step.ts';
import { explainJail } from '#os/freebsd/jail.ts';
import { explainZfs } from '#os/freebsd/zfs.ts';
import { type Script, sh } from '#os/shell/quote.ts';

/** One that a script can make: a `Script` is one word for the shell, for what is only known there. */
export interface ScriptRefusal {
	readonly code: ErrorCode;
	readonly what: string | Script;
	readonly why: string | Script;
	readonly hint: string | Script;
	/** See `ErrorParts.message`. */
	readonly message?: string | Script;
}

const MARK = 'KLEENE-REFUSAL';
const LINE = /^KLEENE-REFUSAL ([A-Z_]+)\t([^\t\n]+)\t([^\t\n]+)\t([^\t\n]+?)(?:\t([^\t\n]+?))? ?$/m;

/**
 * A command that ends a script with a refusal: one line of error output, `KLEENE-REFUSAL <code>\t<what>\t<why>\t<hint>[\t<message>]`,
 * and the exit code 1. Ends the (sub)shell that it is in: never to be used within `$(...)`.
 */
export function refusal({ code, what, why, hint, message }: ScriptRefusal): Script {
	const format = `${MARK} %s\\t%s\\t%s\\t%s${message === undefined ? '' : '\\t%s'}`;
	return sh`{ printf ${format} ${code} ${what} ${why} ${hint}${message === undefined ? sh`` : sh` ${message}`} | tr '\\n' ' ' >&2; echo >&2; exit 1; }`;
}

/** The refusal of one step, about its part. */
export function refuse(verb: Step['verb'], part: Part, rest: Omit<ScriptRefusal, 'what'>): Script {
	return refusal({ what: failureOf({ verb, part }), ...rest });
}

/**
 * The refusal in the error output of a script. Programs of a container write there, too, so only what a script of ours
 * could have said is believed: that the host is out of reach is for others to say.
 */
export function parseRefusal(stderr: string): KleeneError | undefined {
	const [, code = '', what = '', why = '', hint = '', message] = LINE.exec(stderr) ?? [];
	if (!Object.hasOwn(ERROR_CODES, code) || code === 'HOST_UNREACHABLE') return undefined;
	return new KleeneError({ code: code as ErrorCode, what, why, hint, ...(message === undefined ? {} : { message }) });
}

interface Known {
	readonly pattern: RegExp;
	readonly code: ErrorCode;
	/** `$1` stands for what the pattern caught. */
	readonly why: string;
	readonly hint: string;
}

/** Before a jail's own words are looked at: a step that configures its network, not its process, lacks a tool. */
const TOOL_MISSING: Known = {
	pattern: /jexec: execvp\S* (ifconfig|route): No such file or directory/,
	code: 'UNSUPPORTED_HERE',
	why: 'the image has no $1, with which FreeBSD before 14 configures the network of a jail from inside',
	hint: 'put it into the image, use the ipnet driver, or a host with FreeBSD 14',
};

/** Translations of messages of FreeBSD tools. The first match counts. */
const KNOWN: readonly Known[] = [
	{
		pattern: /(?:SIOCSIFNAME \(set name\)|SIOCIFCREATE2?(?: \([^)]*\))?): File exists|interface \S+ already exists/,
		code: 'INTERFACE_TAKEN',
		why: 'the host already has an interface of this name',
		hint: 'look at "ifconfig -a", and choose another name or destroy it if nothing needs it',
	},
	{
		pattern: /interface (\S+) does not exist/,
		code: 'NO_SUCH_INTERFACE',
		why: 'the host has no interface $1',
		hint: 'look at "ifconfig -l"; "klee network doctor --repair" makes again what is Kleene\'s',
	},
	{
		pattern: /BRDGADD (\S+): Device busy/,
		code: 'IN_USE',
		why: '$1 is a member of another bridge',
		hint: 'find it with "ifconfig -g bridge" and take it out with "ifconfig BRIDGE deletem $1"',
	},
	{
		pattern: /SIOCAIFADDR(?:_IN6)?\): File exists/,
		code: 'ADDRESS_TAKEN',
		why: 'the host already has this address, or a route to it',
		hint: 'look at "ifconfig -a" and "netstat -rn", or choose another address',
	},
	{
		pattern: /unknown oid '([^']+)'/,
		code: 'UNSUPPORTED_HERE',
		why: 'the kernel of this host has no setting $1',
		hint: 'check that the release of the host is supported: docs/',
	},
	{
		pattern: /Network is unreachable/,
		code: 'HOST_FAILED',
		why: 'the gateway is on no network that the container has an address of',
		hint: 'compare the gateway of the network with its subnet: "klee network inspect"',
	},
	{
		pattern: /[Pp]ermission denied|Operation not permitted/,
		code: 'NOT_ROOT',
		why: 'the user of kleened lacks the permission on the host',
		hint: 'let kleened log in as root, and not into a jail',
	},
];

/** End of a failed script. */
interface Failure {
	readonly stderr: string;
	/** Its exit code. */
	readonly code: number;
	/** The step, as commands of the host. */
	readonly commands: readonly string[];
}

/** Why a script failed, for people. */
export function translateError(step: Step, { stderr, code: exitCode, commands }: Failure): KleeneError {
	const said = parseRefusal(stderr);
	if (said) return said;
	const what = failureOf(step);
	const explained =
		explain([TOOL_MISSING], stderr) ?? explainZfs(stderr) ?? explainJail(stderr) ?? explain(KNOWN, stderr);
	if (explained) return new KleeneError({ what, ...explained });
	const why = stderr.trim().split('\n').slice(-3).join('; ') || `it ended with exit code ${exitCode} and said nothing`;
	return new KleeneError({
		code: 'HOST_FAILED',
		what,
		why,
		hint: `compare with "ifconfig -a", "jls" and "mount" on the host${byHand(commands)}`,
	});
}

function explain(known: readonly Known[], stderr: string): Omit<Known, 'pattern'> | undefined {
	for (const { pattern, code, why, hint } of known) {
		const match = pattern.exec(stderr);
		if (match) return { code, why: fill(why, match), hint: fill(hint, match) };
	}
	return undefined;
}

function byHand(commands: readonly string[]): string {
	return commands.length === 0 ? ', then try again' : `; by hand it is: ${commands.join('; ')}`;
}

function fill(text: string, match: RegExpExecArray): string {
	return text.replaceAll('$1', match[1] ?? '');
}
