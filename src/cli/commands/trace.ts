import type { Hop, Trace } from '#api/diagnosis.ts';
import { withPort } from '#inet/address.ts';
import { EXIT, Quit } from '../failure.ts';
import type { Action } from '../invocation.ts';
import { renderJson } from '../render/json.ts';
import { line, lines, type Paint, paint } from '../render/output.ts';

/** Exit codes of their own, so that scripts can ask. */
const CODES = { reachable: 0, unreachable: EXIT.refused, disagreement: 2 } as const;

export const explain: Action<{ json?: boolean }> = async ({ args: [from = '', to = ''], options, client }) => {
	const trace = await client.diagnosis.trace(from, to);
	if (options.json) line(renderJson(trace));
	else lines(render(trace));
	if (trace.verdict !== 'reachable') throw new Quit(CODES[trace.verdict]);
};

const colour = (name: Paint, text: string) => paint(process.stdout, name, text);

function render(trace: Trace): string[] {
	const { source, hops } = trace;
	const deciding = hops.findLastIndex(({ verdict }) => verdict !== null);
	const service = trace.protocol === 'icmp' ? 'ping' : `${trace.protocol} ${trace.port}`;
	const place = trace.address === '' || trace.address === trace.destination ? '' : ` at ${trace.address}`;
	return [
		colour('bold', `${source} → ${trace.destination}${place}, ${service}`),
		'',
		...hops.flatMap((hop, index) => hopLines(hop, index === deciding)),
		'',
		`${title('model')}${modelLine(trace)}`,
		...trace.not_evaluated.map((one) => `${title('')}${colour('yellow', '?')} not evaluated: ${one}`),
		`${title('probe')}${probeLine(trace)}`,
		'',
		verdictLine(trace),
	];
}

const WIDTH = 9;
const INDENT = ' '.repeat(WIDTH + 4);

function title(name: string): string {
	return `  ${colour('dim', name.padEnd(WIDTH))}`;
}

function mark(good: boolean): string {
	return colour(good ? 'green' : 'red', good ? '✓' : '✗');
}

function hopLines({ kind, what, verdict, change }: Hop, deciding: boolean): string[] {
	const good = verdict === null || verdict === 'accept';
	const missing = verdict === null && change !== null;
	const sign = missing ? colour('yellow', '!') : verdict === null ? ' ' : mark(good);
	const text = deciding ? colour('bold', what) : what;
	const said = verdict === null ? '' : colour(good ? 'green' : 'red', `  ${verdict}`);
	const lines = [`${title(kind)}${sign} ${text}${said}`];
	if (change && deciding)
		lines.push(`${INDENT}${colour('dim', good ? 'to block it:' : 'to allow it:')} ${colour('cyan', change)}`);
	if (missing) lines.push(`${INDENT}${colour('dim', 'to fix:')} ${colour('cyan', change)}`);
	return lines;
}

function modelLine({ reachable, not_evaluated: open }: Trace): string {
	if (!reachable) return `${mark(false)} does not arrive`;
	return open.length === 0 ? `${mark(true)} arrives` : `${colour('yellow', '?')} arrives, as far as it was evaluated`;
}

const OUTCOMES = {
	answered: 'answered',
	closed: 'arrived; nothing listens on the port',
	refused: 'sent back',
	silence: 'no answer',
} as const;

function probeLine({ probe, not_probed: notProbed, protocol }: Trace): string {
	if (!probe) return colour('dim', `- none: ${notProbed}`);
	const { outcome, milliseconds, detail } = probe;
	const unclear = saysNothing({ probe, protocol });
	const sign = unclear ? colour('yellow', '?') : mark(outcome === 'answered' || outcome === 'closed');
	const words = unclear ? 'no answer, which with UDP says nothing' : OUTCOMES[outcome];
	const said = detail === '' || outcome === 'closed' ? '' : ` (${detail})`;
	return `${sign} ${words}${said} after ${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

/** Many UDP services do not answer what they don't understand. */
function saysNothing({ probe, protocol }: Pick<Trace, 'probe' | 'protocol'>): boolean {
	return probe?.outcome === 'silence' && protocol === 'udp';
}

/** As it was typed, more or less. */
function targetOf({ destination, protocol, port }: Trace): string {
	if (protocol === 'icmp') return destination;
	return `${withPort(destination, port)}${protocol === 'udp' ? '/udp' : ''}`;
}

function verdictLine(trace: Trace): string {
	const { source, reason, verdict, probe, listening, hops } = trace;
	const target = targetOf(trace);
	const unclear = saysNothing(trace) ? ' (model only, the probe says nothing)' : '';
	const confirmed = probe ? unclear : ' (model only, not probed)';
	const sign = confirmed === '' ? mark(true) : colour('yellow', '?');
	if (verdict === 'reachable' && listening === false)
		return `${colour('yellow', '!')} packets of ${source} arrive${confirmed}, but ${hops.at(-1)?.what}`;
	if (verdict === 'reachable') return `${sign} ${source} reaches ${target}${confirmed}: ${reason}`;
	if (verdict === 'unreachable') return `${mark(false)} ${source} does not reach ${target}${confirmed}: ${reason}`;
	const warning = colour('red', '✗ MODEL AND PROBE DISAGREE');
	const { not_evaluated: open } = trace;
	const suspects = open.length > 0 ? open.join(', ') : 'the firewall of the host';
	const hint = `another program interferes: see "klee network doctor", ${suspects}, and the firewall of the containers`;
	return `${warning} about ${source} → ${target}: ${hint}`;
}
