import { type Answer, type Call, failure, type World } from './world.ts';

/** mount(8) and umount(8) for devfs, nullfs and tmpfs. Nothing is really mounted; texts as recorded (101, 102, 128 to 130). */
export function mount({ world, argv }: Call): Answer {
	const words = [...argv];
	const typeAt = words.indexOf('-t');
	const type = typeAt === -1 ? undefined : words.splice(typeAt, 2)[1];
	const optionAt = words.indexOf('-o');
	const options = optionAt === -1 ? '' : (words.splice(optionAt, 2)[1] ?? '');
	const libxo = words.indexOf('--libxo');
	if (libxo !== -1) words.splice(libxo, 2);
	const operands = words.filter((word) => !word.startsWith('-'));
	if (operands.length === 0)
		return { stdout: listing(world, type, libxo !== -1 ? 'json' : words.includes('-p') ? 'fstab' : 'text') };
	const [source = '', target = ''] = operands;
	if (type !== 'nullfs' && type !== 'devfs' && type !== 'tmpfs') return failure(`mount: ${source}: unknown type`);
	const readOnly = options.split(',').includes('ro') || words.includes('-r');
	world.mounts.push({ source, target, type, readOnly });
	return {};
}

function listing(world: World, type: string | undefined, form: 'json' | 'fstab' | 'text'): string {
	const datasets = [...world.datasets.values()]
		.filter(({ mounted }) => mounted)
		.map(({ name, mountpoint }) => ({ source: name, target: mountpoint, type: 'zfs', readOnly: false }));
	const all = [
		{ source: '/dev/vtbd0p2', target: '/', type: 'ufs', readOnly: false },
		{ source: 'devfs', target: '/dev', type: 'devfs', readOnly: false },
		...datasets,
		...world.mounts,
	].filter((one) => type === undefined || type.split(',').includes(one.type));
	if (form === 'json') {
		const mounted = all.map((one) => ({ special: one.source, node: one.target, fstype: one.type, opts: ['local'] }));
		return `${JSON.stringify({ mount: { mounted } })}\n`;
	}
	const lines = all.map(({ source, target, type: kind, readOnly }) =>
		form === 'fstab'
			? `${source}\t${target}\t${kind}\t${readOnly ? 'ro' : 'rw'}\t0 0`
			: `${source} on ${target} (${kind})`,
	);
	return lines.map((line) => `${line}\n`).join('');
}

export function umount({ world, argv }: Call): Answer {
	for (const target of argv.filter((word) => !word.startsWith('-'))) {
		const at = world.mounts.findLastIndex((one) => one.target === target);
		if (at === -1) return failure(`umount: ${target}: not a file system root directory`);
		world.mounts.splice(at, 1);
	}
	return {};
}
