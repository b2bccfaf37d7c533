/**
 * A part is one thing that Kleene puts on a host: an interface, an address, a mount, a sandbox.
 * Parts are plain data and name what they are for, never how a host does it; both hosts know the same ones.
 * A host makes and unmakes a part, and both are safe to repeat.
 *
 * Addresses are canonical text; where a prefix belongs to them it is written, e.g. `10.4.6.1/24`, `fd00::2/64`.
 *
 * Each kind of part is defined in `parts/`. A new kind does not compile until it is in the record below,
 * and then not until each host and doctor know it.
 */

import type { Absence, Layer, PartDefinition } from './parts/definition.ts';
import {
	type BridgePortPart,
	bridgePort,
	type EpairPart,
	epair,
	type RateLimitPart,
	rateLimit,
} from './parts/epair.ts';
import {
	type CopiedFilesPart,
	copiedFiles,
	type LayerPart,
	layer,
	type RootFilesPart,
	type RootMountPart,
	type RunMountsPart,
	rootFiles,
	rootMount,
	runMounts,
} from './parts/files.ts';
import { type HostsFilePart, hostsFile, type NetworkNamesPart, networkNames } from './parts/hosts-files.ts';
import {
	type InsideAddressPart,
	type InsideRoutePart,
	insideAddress,
	insideRoute,
	type LeaseClientPart,
	leaseClient,
} from './parts/inside.ts';
import { type IpnetAddressPart, ipnetAddress } from './parts/ipnet-address.ts';
import { type LayoutPart, layout } from './parts/layout.ts';
import { type NameServersPart, nameServers, type ResolverPart, resolver } from './parts/name-resolution.ts';
import {
	type AsymmetricSourcePart,
	asymmetricSource,
	type FilterMemberPart,
	filterMember,
	type NetworkFilterPart,
	networkFilter,
	type SourceLimitPart,
	sourceLimit,
} from './parts/network-filter.ts';
import {
	type InterfaceAddressPart,
	interfaceAddress,
	type NetworkInterfacePart,
	networkInterface,
	type ParentPortPart,
	parentPort,
} from './parts/network-interface.ts';
import { type PublishedPortsPart, publishedPorts } from './parts/published-ports.ts';
import { type SandboxPart, sandbox } from './parts/sandbox.ts';
import { type StackPart, stack } from './parts/stack.ts';
import { type MountPointPart, mountPoint, type VolumeFilesPart, volumeFiles } from './parts/volume.ts';

export type Part =
	| NetworkInterfacePart
	| InterfaceAddressPart
	| ParentPortPart
	| StackPart
	| EpairPart
	| BridgePortPart
	| InsideAddressPart
	| InsideRoutePart
	| LeaseClientPart
	| IpnetAddressPart
	| NetworkFilterPart
	| FilterMemberPart
	| AsymmetricSourcePart
	| SourceLimitPart
	| PublishedPortsPart
	| ResolverPart
	| NameServersPart
	| HostsFilePart
	| NetworkNamesPart
	| RateLimitPart
	| LayerPart
	| LayoutPart
	| RootFilesPart
	| VolumeFilesPart
	| MountPointPart
	| CopiedFilesPart
	| RootMountPart
	| RunMountsPart
	| SandboxPart;

export type PartKind = Part['kind'];
export type PartOf<K extends PartKind> = Extract<Part, { kind: K }>;

const DEFINITIONS = {
	'network-interface': networkInterface,
	'interface-address': interfaceAddress,
	'parent-port': parentPort,
	stack,
	epair,
	'bridge-port': bridgePort,
	'inside-address': insideAddress,
	'inside-route': insideRoute,
	'lease-client': leaseClient,
	'ipnet-address': ipnetAddress,
	'network-filter': networkFilter,
	'filter-member': filterMember,
	'asymmetric-source': asymmetricSource,
	'source-limit': sourceLimit,
	'published-ports': publishedPorts,
	resolver,
	'name-servers': nameServers,
	'hosts-file': hostsFile,
	'network-names': networkNames,
	'rate-limit': rateLimit,
	layer,
	layout,
	'root-files': rootFiles,
	'volume-files': volumeFiles,
	'mount-point': mountPoint,
	'copied-files': copiedFiles,
	'root-mount': rootMount,
	'run-mounts': runMounts,
	sandbox,
} satisfies { readonly [K in PartKind]: PartDefinition<PartOf<K>> };

/** All kinds. */
export const PART_KINDS = Object.keys(DEFINITIONS) as readonly PartKind[];

/** Kinds of a layer, e.g. `KindOf<'firewall'>`. */
export type KindOf<L extends Layer> = {
	[K in PartKind]: (typeof DEFINITIONS)[K]['layer'] extends L ? K : never;
}[PartKind];

function definitionOf(part: Part): PartDefinition<Part> {
	return DEFINITIONS[part.kind];
}

/** Identity of a part: its kind and its identity within the kind. */
export function identityOf(part: Part): string {
	return `${part.kind} ${definitionOf(part).identity(part)}`;
}

/** Title for users. */
export function titleOf(part: Part): string {
	return definitionOf(part).title(part);
}

/** References that other parts stand on while it is there. */
export function providedBy(part: Part): readonly string[] {
	return definitionOf(part).provides(part);
}

/** References that must be there before it is made, and may not go before it. */
export function standsOn(part: Part): readonly string[] {
	return definitionOf(part).standsOn(part);
}

/** References that take it along when they go. */
export function removedWith(part: Part): readonly string[] {
	return definitionOf(part).removedWith(part);
}

/** A part that doctor compares with what is on the host. */
export type ComparedPart = {
	[K in PartKind]: (typeof DEFINITIONS)[K]['absence'] extends Absence ? PartOf<K> : never;
}[PartKind];

export function isCompared(part: Part): part is ComparedPart {
	return definitionOf(part).absence !== 'not compared';
}

/** Text of doctor when it is missing. */
export function absenceOf(part: ComparedPart): Absence {
	return DEFINITIONS[part.kind].absence;
}

export function layerOf(part: Part): Layer {
	return definitionOf(part).layer;
}

/** Whether it is of one layer, e.g. what a flush of the firewall takes away. */
export function isOf<L extends Layer>(layer: L, part: Part): part is PartOf<KindOf<L>> {
	return definitionOf(part).layer === layer;
}
