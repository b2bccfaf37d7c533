/**
 * Names of virtual cables: a cable is `epair<unit>`, its end on the host `epair<unit>a`, the inner one of a vnet container
 * `epair<N>b`. On FreeBSD the kernel gives these names, on Linux we give the same.
 */
import { macBytes, macText } from '#inet/mac.ts';

/** @param unit unique on the host while the cable exists */
export function cableName(unit: number): string {
	return `epair${unit}`;
}

/** Name of the end that stays on the host. */
export function hostEnd(unit: number): string {
	return `${cableName(unit)}a`;
}

/**
 * Name of the end inside a vnet container. On FreeBSD the number is the unit: under this name the end comes back to the
 * host when its jail dies.
 */
export function innerEnd(number: number): string {
	return `${cableName(number)}b`;
}

/** The unit of a host end; undefined for any other name. */
export function unitOfHostEnd(name: string): number | undefined {
	const digits = /^epair(\d+)a$/.exec(name)?.[1];
	return digits === undefined ? undefined : Number(digits);
}

/**
 * MAC address of the host end: one bit tells it from the inner one. Given by us, no udev rule replaces it, and it is not
 * one that if_epair(4) makes up, which can be the same on two hosts.
 */
export function hostMac(innerMac: string): string {
	const bytes = macBytes(innerMac);
	bytes[0]! ^= 0x04;
	return macText(bytes);
}
