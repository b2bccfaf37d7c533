import { identityOf, type Part } from '#model/part.ts';

/** Lets a default route take the place of another, or gives it back. @returns false for parts that replace nothing */
export function replaceRoute(parts: Map<string, Part>, verb: 'make' | 'unmake', part: Part): boolean {
	if (part.kind !== 'inside-route' || !part.replaces) return false;
	const { replaces, ...route } = part;
	const there = parts.get(identityOf(part));
	const isOurs = there?.kind === part.kind && there.interface === part.interface;
	if (verb === 'make') parts.set(identityOf(part), route);
	else if (isOurs) parts.set(identityOf(part), { ...route, ...replaces });
	return true;
}
