import { type Answer, type Call, failure, PF_CONF, type World } from './world.ts';

/** pfctl(8): anchors keep the text that was loaded into them. Texts as recorded (065 to 077, 145). */
export function pfctl({ world, argv, input }: Call): Answer {
	const value = (flag: string) => {
		const at = argv.indexOf(flag);
		return at === -1 ? undefined : (argv[at + 1] ?? '');
	};
	const flags = argv.filter((word) => /^-[a-zA-Z]+$/.test(word)).join('');
	const anchor = value('-a') ?? '';
	const file = argv[argv.findIndex((word) => /^-[a-z]*f$/.test(word)) + 1];
	if (file === '/etc/pf.conf') return load(world, '', PF_CONF, flags.includes('n'));
	if (flags.includes('f')) return load(world, anchor, input, flags.includes('n'));
	const quiet = flags.includes('q');
	if (value('-F') !== undefined) return flush(world, anchor, { what: value('-F')!, quiet });
	if (flags.includes('k')) return kill(value('-k') ?? '', quiet);
	if (flags.includes('e') || flags.includes('d')) return switchTo(world, flags.includes('e'));
	const what = /-\w*s(\w+)/.exec(argv.join(' '))?.[1] ?? value('-s') ?? '';
	return { stdout: show(world, anchor, argv.find((word) => /^-s.+/.test(word))?.slice(2) ?? value('-s') ?? what) };
}

function switchTo(world: World, on: boolean): Answer {
	const word = on ? 'enabled' : 'disabled';
	if (world.pfEnabled === on) return failure(on ? 'pfctl: pf already enabled' : 'pfctl: pf not enabled');
	world.pfEnabled = on;
	return { stderr: `pf ${word}\n` };
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
	else if (text.trim() === '') empty(world, anchor);
	else {
		world.anchors.set(anchor, text);
		world.emptied.delete(anchor);
	}
	return {};
}

/** As recorded (162 to 172): one that had a table stays in the list, empty, until pf purges it. */
const PURGE = 30_000;

function empty(world: World, anchor: string): number {
	const tables = tablesIn(world, anchor);
	if (tables > 0) world.emptied.set(anchor, performance.now() + PURGE);
	world.anchors.delete(anchor);
	return tables;
}

function tablesIn(world: World, anchor: string): number {
	return world.anchors.get(anchor)?.match(/^table /gm)?.length ?? 0;
}

/** @param what `rules`, `nat`, `all`: which of an anchor's rules go makes no difference here */
function flush(world: World, anchor: string, { what, quiet }: { what: string; quiet: boolean }): Answer {
	if (anchor !== '' && !world.anchors.has(anchor) && !listed(world).includes(anchor))
		return failure('pfctl: Anchor does not exist.');
	if (anchor === '') world.mainRules = '';
	const tables = anchor === '' ? 0 : empty(world, anchor);
	if (quiet) return {};
	const all = what === 'all' ? `nat cleared\n${tables > 0 ? `${tables} tables deleted.\n` : ''}` : '';
	return { stderr: `rules cleared\n${all}` };
}

/** Every anchor that pf knows. */
function listed({ anchors, emptied }: World): string[] {
	const left = [...emptied].filter(([, until]) => performance.now() < until).map(([name]) => name);
	return [...new Set([...anchors.keys(), ...left])].sort();
}

/** The direct children of an anchor. */
function children(world: World, anchor: string): string[] {
	const prefix = anchor === '' ? '' : `${anchor}/`;
	const below = listed(world).filter((name) => name.startsWith(prefix));
	return [...new Set(below.map((name) => `${prefix}${name.slice(prefix.length).split('/')[0]}`))];
}

function kill(what: string, quiet: boolean): Answer {
	if (quiet) return {};
	return {
		stderr: what === 'label' ? 'killed 0 states\n' : 'killed 0 states from 1 sources and 0 destinations\n',
	};
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
			return `Status: ${world.pfEnabled ? 'Enabled' : 'Disabled'} for 0 days 00:00:27           Debug: Urgent\n`;
		case 'Anchors':
			return children(world, anchor)
				.map((name) => `  ${name}\n`)
				.join('');
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
