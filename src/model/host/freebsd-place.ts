/** A FreeBSD host, the daemon's own or one that it reaches by ssh. */
export interface FreebsdPlace {
	/** undefined: the machine that the daemon runs on. */
	readonly remote: RemoteHost | undefined;
	/** Dataset that holds images, containers and volumes. */
	readonly zfsRoot: string;
}

export interface RemoteHost {
	readonly user: string;
	/** Name or address; an IPv6 address without brackets. */
	readonly host: string;
	/** undefined: what ssh's own configuration says. */
	readonly port: number | undefined;
	/** Absolute path of a private key; undefined: what ssh finds by itself. */
	readonly key: string | undefined;
	/** Absolute path of a file with host keys that are accepted; undefined: those of ssh's own configuration. */
	readonly knownHosts: string | undefined;
}
