/** What the stand-in commands of a FreeBSD host believe is there. */
export interface HostState {
	datasets: Record<string, { origin: string; mountpoint: string; mounted: boolean; user?: Record<string, string> }>;
	snapshots: string[];
	mounts: { source: string; target: string; type: string }[];
	jails: Record<string, { jid: number; path: string; processes: number; takesTerm: boolean; words: string[] }>;
	nextJid: number;
	/** Directory to the number of times that it still refuses to be unmounted or destroyed. */
	busy: Record<string, number>;
	/** What `ifconfig -a` prints. */
	interfaces: string;
	/** Numbers of the devfs rulesets that are loaded. */
	rulesets: number[];
	/** Address to the file that it serves. */
	served: Record<string, string>;
	release: string;
	/** Whether nullfs mounts single files. */
	mountsFiles: boolean;
	/** Words that make a command fail, each with what it says. */
	failing: Record<string, string>;
}

/** Writes a line of output. */
export type Say = (text: string) => void;

export class CommandFailure extends Error {}
