/** Control groups of a process, version 1, 2 and both at once. Source: cgroups(7), Documentation/admin-guide/cgroup-v2.rst. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';
/** A limit above this is none: version 1 has the largest multiple of a page for it. */
const NO_LIMIT = 2 ** 60;
/** Groups below one that are looked at: who may make groups may make any number of them. */
const MOST_GROUPS = 1000;

/** Undefined where the kernel does not count. */
export interface GroupUsage {
	/** Nanoseconds. */
	readonly cpu: number | undefined;
	/** Bytes, without what can be dropped. */
	readonly memory: number | undefined;
	/** Bytes. */
	readonly memoryLimit: number | undefined;
	readonly processes: number | undefined;
}

/** Directories of the groups of a process, by controller; `''` is the group of version 2. */
export type Groups = ReadonlyMap<string, string>;

/** @returns undefined when the process is gone */
export function groupsOf(pid: number): Groups | undefined {
	const text = read(`/proc/${pid}/cgroup`);
	if (text === undefined) return undefined;
	const unified = existsSync(join(ROOT, 'cgroup.controllers')) ? ROOT : join(ROOT, 'unified');
	const groups = new Map<string, string>();
	for (const line of text.split('\n')) {
		const [, controllers, path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
		if (controllers === undefined) continue;
		if (controllers === '') groups.set('', join(unified, path));
		else for (const one of controllers.split(',')) groups.set(one, join(ROOT, controllers.replace(/^name=/, ''), path));
	}
	return groups;
}

export function usageOf(groups: Groups): GroupUsage {
	const file = (controller: string, first: string, second: string) => {
		const directory = groups.get(controller);
		return read(directory === undefined ? join(groups.get('') ?? ROOT, second) : join(directory, first));
	};
	const microseconds = fieldOf(read(join(groups.get('') ?? ROOT, 'cpu.stat')), 'usage_usec');
	const cpu = groups.has('cpuacct')
		? number(file('cpuacct', 'cpuacct.usage', ''))
		: microseconds && microseconds * 1000;
	const used = number(file('memory', 'memory.usage_in_bytes', 'memory.current'));
	const statistics = file('memory', 'memory.stat', 'memory.stat');
	const cached = fieldOf(statistics, groups.has('memory') ? 'total_inactive_file' : 'inactive_file') ?? 0;
	const limit = number(file('memory', 'memory.limit_in_bytes', 'memory.max'));
	return {
		cpu,
		memory: used === undefined ? undefined : Math.max(0, used - cached),
		memoryLimit: limit === undefined || limit > NO_LIMIT ? undefined : limit,
		processes: number(file('pids', 'pids.current', 'pids.current')),
	};
}

/** Numbers on the host of the processes in a group and in those below it. */
export function membersOf(groups: Groups): number[] {
	const directory = groups.get('pids') ?? groups.get('');
	const waiting = directory === undefined ? [] : [directory];
	const members: number[] = [];
	for (let looked = 0; looked < MOST_GROUPS; looked += 1) {
		const group = waiting.pop();
		if (group === undefined) break;
		members.push(...(read(join(group, 'cgroup.procs')) ?? '').split('\n').filter(Boolean).map(Number));
		waiting.push(...groupsBelow(group));
	}
	return members.filter((pid) => pid > 0);
}

function groupsBelow(group: string): string[] {
	try {
		const entries = readdirSync(group, { withFileTypes: true });
		return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(group, name));
	} catch {
		return [];
	}
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, 'utf8');
	} catch {
		return undefined;
	}
}

function number(text: string | undefined): number | undefined {
	return text !== undefined && /^\d+\n?$/.test(text) ? Number(text) : undefined;
}

function fieldOf(text: string | undefined, name: string): number | undefined {
	const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(text ?? '')?.[1];
	return value === undefined ? undefined : Number(value);
}
