/**
 * A program that asks the kernel for links of another network namespace, by the number that its own has for that one:
 * what whoever may configure a container's network could try. Run inside, it prints what came of it.
 */
import { encodeAttributes, text, u32 } from '#os/linux/netlink/attributes.ts';
import { NetlinkError, NetlinkSocket } from '#os/linux/netlink/socket.ts';
import { outputOf } from '../command.ts';
import type { Place } from './peer.ts';

const NETLINK_ROUTE = 0;
const REQUESTS = { RTM_GETLINK: 18, RTM_DELLINK: 17 } as const;
const IFLA_IFNAME = 3;
const IFLA_TARGET_NETNSID = 46;
/** More than any namespace here has. */
const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7];

type Trespass = keyof typeof REQUESTS;

/** @returns by request what the kernel said for each namespace that there is a number for: `done`, or e.g. `EPERM` */
export async function trespass(place: Place, link: string): Promise<Record<Trespass, readonly string[]>> {
	return JSON.parse(await outputOf([...place, process.execPath, import.meta.filename, link])) as Awaited<
		ReturnType<typeof trespass>
	>;
}

function attempt(socket: NetlinkSocket, trespass: Trespass, link: string): string[] {
	return NUMBERS.map((number) => {
		const attributes = [u32(IFLA_TARGET_NETNSID, number), text(IFLA_IFNAME, link)];
		const payload = Buffer.concat([Buffer.alloc(16), encodeAttributes(attributes)]);
		try {
			socket.request({ type: REQUESTS[trespass], payload, words: trespass });
			return 'done';
		} catch (error) {
			if (error instanceof NetlinkError) return error.code;
			throw error;
		}
	}).filter((outcome) => outcome !== 'EINVAL');
}

if (import.meta.main) {
	const [link = ''] = process.argv.slice(2);
	const socket = NetlinkSocket.open(NETLINK_ROUTE);
	const [RTM_GETLINK, RTM_DELLINK] = [attempt(socket, 'RTM_GETLINK', link), attempt(socket, 'RTM_DELLINK', link)];
	console.log(JSON.stringify({ RTM_GETLINK, RTM_DELLINK }));
}
