import { type Answer, type Call, failure, type World } from './world.ts';

/** pfctl(8): anchors keep the text that was loaded into them. Texts as recorded (065 to 077, 145). */
export function pfctl({ world, argv, input }: Call): Answer {
	const value = (flag: string) => {
		const at = argv.indexOf(flag);
		return at === -1 ? undefined : (argv[at + 1] ?? '');
	};
	const flags = argv.filter((word) => /^-[a-zA-Z]+$/.test(word)).join('');
	const anchor = value('-a') ?? '';
	if (flags.includes('f')) return load(world, anchor, input, flags.includes('n'));
	if (value('-F') !== undefined || flags.includes('F')) return flush(world, anchor);
	if (flags.includes('k')) return { stderr: 'killed 0 states from 1 sources and 0 destinations\n' };
	if (flags.includes('e')) return failure('pfctl: pf already enabled');
	const what = /-\w*s(\w+)/.exec(argv.join(' '))?.[1] ?? value('-s') ?? '';
	return { stdout: show(world, anchor, argv.find((word) => /^-s.+/.test(word))?.slice(2) ?? value('-s') ?? what) };
}

function load(world: World, anchor: string, text: string, only: boolean): Answer {
	const bad = text
		.split('\n')
		.findIndex(
			(line) =>
				line !== '' &&
				!/^\s*(#|pass|block|nat|rdr|no |table|anchor|nat-anchor|rdr-anchor|set|scrub|binat|antispoof|\w+ ?=|\\)/.test(
					line,
				),
		);
	if (bad !== -1) return failure(`stdin:${bad + 1}: syntax error`);
	if (only) return {};
	if (anchor === '') world.mainRules = text;
	else if (text.trim() === '') world.anchors.delete(anchor);
	else world.anchors.set(anchor, text);
	return {};
}

function flush(world: World, anchor: string): Answer {
	if (anchor !== '') world.anchors.delete(anchor);
	return { stderr: 'rules cleared\nnat cleared\n' };
}

function show(world: World, anchor: string, what: string): string {
	const text = anchor === '' ? world.mainRules : (world.anchors.get(anchor) ?? '');
	const linesOf = (pattern: RegExp) =>
		text
			.split('\n')
			.filter((line) => pattern.test(line))
			.map((line) => (/anchor "[^"]*"$/.test(line) ? `${line} all\n` : `${line}\n`))
			.join('');
	switch (what) {
		case 'info':
			return 'Status: Enabled for 0 days 00:00:27           Debug: Urgent\n';
		case 'Anchors': {
			const prefix = anchor === '' ? '' : `${anchor}/`;
			return [...world.anchors.keys()]
				.filter((name) => name.startsWith(prefix))
				.map((name) => `  ${name}\n`)
				.join('');
		}
		case 'rules':
		case 'r':
			return linesOf(/^(pass|block|anchor|scrub)/);
		case 'nat':
		case 'n':
			return linesOf(/^(no )?(nat|rdr|binat)(-anchor)?\b/);
		case 'labels':
		case 'l':
			return [...text.matchAll(/label "([^"]*)"/g)].map(([, label]) => `${label} 0 0 0 0 0 0 0 0\n`).join('');
		case 'Interfaces':
		case 'I':
			return [...world.host.interfaces.keys()].map((name) => `${name}\n`).join('');
		default:
			return '';
	}
}
