import { KleeneError } from '#errors/kleene-error.ts';
import type { FreebsdPlace } from '#model/host/freebsd-place.ts';
import type { HostLimits } from '#model/host/traits.ts';
import type { HostDriver, NameLookup } from './driver.ts';

export interface HostOptions {
	/** Absolute path of the directory that holds everything the daemon keeps. */
	readonly root: string;
	/** Name or path of the network namespace that is the host; undefined: the daemon's own. */
	readonly netns: string | undefined;
	/** Name servers for what is no container, `ADDRESS[:PORT]`; none: those of the host's resolv.conf. */
	readonly dns: readonly string[];
	/** A FreeBSD host; undefined: the Linux that the daemon runs on. */
	readonly freebsd: FreebsdPlace | undefined;
	/** Identity of the daemon's store. */
	readonly store: string;
	readonly names: NameLookup;
	/** Those that are not to be the defaults of the host. */
	readonly limits: Partial<HostLimits>;
	/**
	 * Milliseconds that a server of archives or packages may take to connect, and between two pieces of data; undefined: 60000.
	 */
	readonly downloadTimeout?: number | undefined;
	readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

/** The only look at which system this is. */
export async function openHost(options: HostOptions): Promise<HostDriver> {
	if (options.freebsd) return openFreebsd(options, options.freebsd);
	if (process.platform === 'linux') {
		const { LinuxHost } = await import('./linux/driver.ts');
		return LinuxHost.open(options);
	}
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot start kleened',
		why: `this version has no driver for ${process.platform}`,
		hint: 'run it on Linux or FreeBSD, or let it manage a FreeBSD host with --freebsd-host ssh://root@HOST',
	});
}

async function openFreebsd(options: HostOptions, place: FreebsdPlace): Promise<HostDriver> {
	const { root, netns, dns, limits, downloadTimeout, store, log } = options;
	if (netns !== undefined)
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: `cannot use network namespace ${netns}`,
			why: 'FreeBSD has no network namespaces',
			hint: 'leave --netns out',
		});
	if (dns.length > 0)
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: `cannot forward names to ${dns.join(' and ')}`,
			why: 'containers on FreeBSD query the name servers of the host directly',
			hint: 'leave --dns out, and name the servers in /etc/resolv.conf of the host',
		});
	if (Object.keys(limits).length > 0)
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: 'cannot set limits of containers',
			why: 'on FreeBSD pf.conf (set limit states), if_bridge (2000 addresses for each bridge) and rctl(8) set limits',
			hint: 'leave --max-connections, --max-questions, --max-macs and --max-processes out',
		});
	const { connect } = await import('./freebsd/connection.ts');
	const { FreebsdHost } = await import('./freebsd/driver.ts');
	const shell = await connect({ place, root, log, lock: true });
	try {
		return await FreebsdHost.open({ shell, zfsRoot: place.zfsRoot, store, root, downloadTimeout, log });
	} catch (error) {
		await shell.close();
		throw error;
	}
}
