import { quote } from '#os/shell/quote.ts';
import { type Answer, type Call, failure, PF_CONF, type World } from './world.ts';

export function uname({ world, argv }: Call): Answer {
	const values: Record<string, string> = {
		s: 'FreeBSD',
		r: releaseOf(world),
		m: 'amd64',
		p: 'amd64',
		n: 'far',
		i: 'GENERIC',
	};
	const flags = [...(argv[0] ?? '-s').slice(1)];
	return {
		stdout: `${['s', 'n', 'r', 'm', 'p']
			.filter((flag) => flags.includes(flag))
			.map((flag) => values[flag])
			.join(' ')}\n`,
	};
}

export function freebsdVersion({ world }: Call): Answer {
	return { stdout: `${releaseOf(world)}\n` };
}

function releaseOf({ release }: World): string {
	return `${release.toFixed(1)}-RELEASE`;
}

/** fetch(1): a file by its URL; nothing else can be reached from here. */
export function fetch({ argv }: Call): Answer {
	const at = argv.indexOf('-o');
	const target = at === -1 ? '' : (argv[at + 1] ?? '');
	const url = argv.findLast((word) => /^[a-z]+:\/\//.test(word)) ?? '';
	if (!url.startsWith('file://')) return failure(`fetch: ${url}: Host does not resolve`);
	const path = url.slice('file://'.length);
	return { run: `exec cp ${quote(path)} ${quote(target)}` };
}

export function rctl(): Answer {
	return failure('rctl: RACCT/RCTL present, but disabled; enable using kern.racct.enable=1 tunable');
}

export function kldload(): Answer {
	return {};
}

/** script(1) of FreeBSD, `script -q FILE COMMAND...`, by that of util-linux, which takes one text for a shell. */
export function script({ argv }: Call): Answer {
	const words = argv.filter((word) => word !== '-q');
	const command = words.slice(1).map(quote).join(' ');
	return { run: `exec /usr/bin/script -q -e -c ${quote(command)} ${quote(words[0] ?? '/dev/null')}` };
}

/** stty(1) of FreeBSD names the terminal with -f, that of coreutils with -F. */
export function stty({ argv }: Call): Answer {
	const words = argv.map((word) => (word === '-f' ? '-F' : word));
	return { run: `exec /usr/bin/stty ${words.map(quote).join(' ')}` };
}

/** devfs(8): `rule -s N show` and `rule -s N add ...`. */
export function devfs({ world, argv }: Call): Answer {
	const [, , set = '', verb, ...rest] = argv;
	const rules = world.deviceRules.get(set) ?? [];
	if (verb === 'show') return { stdout: rules.map((rule, index) => `${(index + 1) * 100} ${rule}\n`).join('') };
	world.deviceRules.set(set, [...rules, rest.join(' ')]);
	return {};
}

/** service(8): the rules of /etc/defaults/devfs.rules are not there; `pf restart` as rc.d/pf does it, anchors stay. */
export function service({ world, argv }: Call): Answer {
	if (argv.join(' ') === 'pf restart') {
		world.mainRules = PF_CONF;
		world.pfEnabled = true;
	}
	return {};
}

/** daemon(8) `-f COMMAND...`. */
export function daemon({ argv }: Call): Answer {
	const words = argv.filter((word, index) => index > 0 || word !== '-f');
	return { run: `exec setsid -f ${words.map(quote).join(' ')} </dev/null >/dev/null 2>&1` };
}

/** lockf(1) `[-k] [-s] [-t SECONDS] FILE COMMAND...`, by flock(1). */
export function lockf({ argv }: Call): Answer {
	const words = [...argv];
	let wait: string[] = [];
	// Its child does not hold the lock (`-o`), and 75 says that it was not to be had in time.
	while (words[0]?.startsWith('-')) if (words.shift() === '-t') wait = ['-w', words.shift() ?? '0', '-E', '75'];
	return { run: `exec flock -o ${[...wait, ...words].map(quote).join(' ')}` };
}

/** hostname(1): a jail has its own. */
export function hostname({ world, jail }: Call): Answer {
	return { stdout: `${world.jails.get(jail)?.parameters.get('host.hostname') ?? 'far'}\n` };
}
