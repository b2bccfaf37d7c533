import { FAMILIES } from '#inet/family.ts';
import type { ObservedDifference } from '#model/host/observed.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import type { Forwarding } from '../network/forwarding.ts';
import { conf4, conf6, type HostSettings } from '../network/sysctl.ts';

const ASSIGNMENT = /^sysctl -w (\S+)=(-?\d+)$/;

/** Describes the making of a part, whose `sysctl` lines are what the part wants of the kernel. */
type Describe = (part: Part) => readonly string[];

/** Settings of the kernel that parts have made and that somebody else has changed since. */
export function compareSettings(
	settings: HostSettings,
	expected: readonly Part[],
	describe: Describe,
): ObservedDifference[] {
	const wanted = new Map<string, { part: Part; value: number }>();
	for (const part of expected)
		for (const line of describe(part)) {
			const [, name, value] = ASSIGNMENT.exec(line) ?? [];
			if (name) wanted.set(name, { part, value: Number(value) });
		}
	const changed = settings.run(() =>
		[...wanted].flatMap(([name, { part, value }]) => {
			const path = name.includes('/') ? name : name.replaceAll('.', '/');
			const found = settings.read(path);
			if (found === undefined || found === value || isCovered(settings, path)) return [];
			return [{ part, what: `${name} is ${found}, not ${value}` }];
		}),
	);
	return [...Map.groupBy(changed, ({ part }) => part)].map(([part, all]) => {
		return { part, what: all.map(({ what }) => what).join(', ') };
	});
}

/** Uplinks that somebody has closed since they were opened for networks. */
export function compareUplinks(
	forwarding: Pick<Forwarding, 'isLost' | 'uplinks'>,
	expected: readonly Part[],
): ObservedDifference[] {
	const filters = expected.filter((part) => part.kind === 'network-filter');
	return forwarding.uplinks().flatMap((name) =>
		FAMILIES.flatMap((family) => {
			const part = filters.find(({ uplink }) => [name, EVERY_UPLINK].includes(uplink));
			if (!part || !forwarding.isLost(name, family)) return [];
			const setting = family === 4 ? conf4(name, 'forwarding') : conf6(name, 'force_forwarding');
			return [{ part, what: `${setting.replaceAll('/', '.')} is 0, not 1` }];
		}),
	);
}

/** If the whole host forwards IPv6, single interfaces need no setting. */
function isCovered(settings: HostSettings, path: string): boolean {
	return path.endsWith('/force_forwarding') && settings.read('net/ipv6/conf/all/forwarding') === 1;
}
