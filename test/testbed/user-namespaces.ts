import { join } from 'node:path';
import { OwnUserNamespace } from '#host/linux/sandbox/stack-owner.ts';

/** The program that keeps a user namespace, for this processor. */
export const INIT = join(import.meta.dirname, `../../src/host/linux/sandbox/bundle/init/init-${process.arch}`);

/** For `skip`: why this machine cannot have what keeps a vnet container apart from the host, or false. */
export const withoutUserNamespaces = await reason();

async function reason(): Promise<string | false> {
	const owner = await OwnUserNamespace.open(INIT);
	if (typeof owner === 'string') return owner;
	await owner.close();
	return false;
}
