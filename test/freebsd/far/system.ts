import { quote } from '#kernel/shell/quote.ts';
import { type Answer, type Call, failure } from './world.ts';

export function uname({ argv }: Call): Answer {
	const values: Record<string, string> = {
		s: 'FreeBSD',
		r: '13.2-RELEASE',
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

export function freebsdVersion(): Answer {
	return { stdout: '13.2-RELEASE\n' };
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
