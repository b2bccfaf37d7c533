import type { HostCapture } from '#host/driver.ts';
import type { Store } from '#store/store.ts';
import type { CaptureFormat, CaptureSummary } from './format.ts';
import { namesByAddress } from './names.ts';
import { type CapturedPacket, PcapReader } from './pcap.ts';
import { interfaceBlock, namesBlock, packetBlock, sectionBlock, statisticsBlock } from './pcapng.ts';
import type { CaptureTarget } from './target.ts';

/** LINKTYPE_LINUX_SLL2: the index of the interface is at byte 4 of each packet. */
const COOKED = 276;
const INDEX_AT = 4;

export interface PcapngOptions {
	readonly target: CaptureTarget;
	readonly capture: HostCapture;
	readonly filter: string;
	readonly store: Store;
	/** E.g. `Debian 12`. */
	readonly os: string;
}

/** Makes a file of pcapng of what tcpdump writes. */
export class PcapngFormat implements CaptureFormat<Buffer> {
	readonly #options: PcapngOptions;
	readonly #reader = new PcapReader();
	/** Numbers in the file by the indices of the host; a single interface has index 0. */
	readonly #numbers = new Map<number, number>();
	#at = 0n;

	constructor(options: PcapngOptions) {
		this.#options = options;
	}

	begin(): Buffer[] {
		const { target, filter, os, store } = this.#options;
		const comment = `klee network capture of ${target.title}${filter === '' ? '' : `, filter: ${filter}`}`;
		return [sectionBlock({ comment, os, program: 'Kleene' }), namesBlock(namesByAddress(store))];
	}

	push(piece: Buffer): Buffer[] {
		const isNew = this.#reader.linkType === undefined;
		const packets = this.#reader.push(piece);
		const described = isNew && this.#reader.linkType !== undefined ? this.#describeAll() : [];
		return [...described, ...packets.flatMap((packet) => this.#packet(packet))];
	}

	end(summary: CaptureSummary): Buffer[] {
		const described = this.#numbers.size === 0 ? [this.#describe(0, '')] : [];
		const at = this.#at === 0n ? BigInt(Date.now()) * 1000n : this.#at;
		return [...described, statisticsBlock(0, { at, ...summary, comment: summary.reason })];
	}

	sizeOf(piece: Buffer): number {
		return piece.length;
	}

	/** Interfaces there now; one that comes later is described before its first packet. */
	#describeAll(): Buffer[] {
		const { target, capture } = this.#options;
		const names = new Map(target.interfaces.map(({ name }) => [name, true]));
		if (this.#reader.linkType !== COOKED) return [this.#describe(0, target.interfaces[0]?.name ?? '')];
		return [...capture.interfaces()]
			.filter(([, name]) => names.size === 0 || names.has(name))
			.map(([index, name]) => this.#describe(index, name));
	}

	#packet(packet: CapturedPacket): Buffer[] {
		this.#at = packet.at;
		const isCooked = this.#reader.linkType === COOKED && packet.data.length >= INDEX_AT + 4;
		const index = isCooked ? packet.data.readUInt32BE(INDEX_AT) : 0;
		const name = () => this.#options.capture.interfaces().get(index) ?? `interface ${index}`;
		const described = this.#numbers.has(index) ? [] : [this.#describe(index, name())];
		return [...described, packetBlock(this.#numbers.get(index) ?? 0, packet)];
	}

	#describe(index: number, name: string): Buffer {
		this.#numbers.set(index, this.#numbers.size);
		const description = this.#options.target.descriptions.get(name) ?? '';
		return interfaceBlock({ linkType: this.#reader.linkType ?? 0, name, description });
	}
}
