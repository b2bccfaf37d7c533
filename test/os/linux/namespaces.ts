/** Throw-away network namespaces: nothing in these tests touches the machine's own. */
import { readdirSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { closeNamespace, createNamespace } from '#os/linux/netns.ts';

export interface Place {
	readonly fd: number;
	readonly net: Rtnetlink;
}

/** A fresh namespace with its loopback up, gone when the test ends. */
export function place(t: TestContext): Place {
	const fd = createNamespace();
	const net = Rtnetlink.open(fd);
	net.links.set('lo', { up: true });
	t.after(() => {
		net.close();
		closeNamespace(fd);
	});
	return { fd, net };
}

export function linkNames(net: Rtnetlink): string[] {
	return net.links.list().map((link) => link.name);
}

export function openDescriptors(): number {
	return readdirSync('/proc/self/fd').length;
}
