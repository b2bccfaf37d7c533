import type { LogRecord } from '#model/activity/log.ts';
import { logTime } from '#model/activity/log.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import { refusal } from '../../refusals.ts';
import { FLUA_PATH } from './log-writer.ts';

/** More than a writer puts into one line. Bytes. */
export const LONGEST_RECORD = 16 * 1024;

const BLANK = 0x20;
const HEAD = /^(\d{1,12}) (stdout|stderr) ([FPBE]) $/;
const LONGEST_HEAD = 24;

/** A line of a log file. */
export type KeptRecord =
	| LogRecord
	| { readonly kind: 'begin'; readonly run: string; readonly streams: number }
	| { readonly kind: 'end'; readonly run: string };

/** @returns undefined for a line that is none, e.g. one that a full disk has cut short */
export function parseRecord(line: Buffer): KeptRecord | undefined {
	let at = -1;
	for (let field = 0; field < 3; field += 1) at = line.indexOf(BLANK, at + 1);
	if (at < 0 || at > LONGEST_HEAD) return undefined;
	const [, seconds, stream, tag] = HEAD.exec(line.toString('latin1', 0, at + 1)) ?? [];
	if (seconds === undefined || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
	const content = line.subarray(at + 1);
	const [run = '', streams] = tag === 'B' || tag === 'E' ? content.toString('latin1').split(' ') : [];
	if (tag === 'B') return { kind: 'begin', run, streams: Number(streams) };
	if (tag === 'E') return { kind: 'end', run };
	return { kind: 'output', stream, time: logTime(Number(seconds) * 1000), content, complete: tag === 'F' };
}

/** Writes what is kept, or from where the last `WANT` lines begin, and to error output the bytes of `current` so far. */
const PROGRAM = `
local directory, want = os.getenv("DIRECTORY"), tonumber(os.getenv("WANT"))
local files = {}
for _, name in ipairs { "older", "current" } do
	local file = io.open(directory .. "/" .. name, "rb")
	if file then
		file:setvbuf("full", 65536)
		files[#files + 1] = { file = file, current = name == "current" }
	end
end

local starts, count, open, run = {}, 0, {}, ""
for index, one in ipairs(want and files or {}) do
	local position = 0
	for line in one.file:lines("L") do
		local stream, tag = line:match("^%d+ (%l+) (%u) ")
		if tag == "B" then run = line end
		if tag == "F" or tag == "P" then
			if not open[stream] then
				count = count + 1
				if want > 0 then starts[count % want] = { index = index, position = position } end
			end
			open[stream] = tag == "P"
		end
		position = position + #line
	end
end

local from = { index = 1, position = 0 }
if want == 0 then from = { index = #files + 1, position = 0 }
elseif want and count > want then from = starts[(count + 1) % want] end
io.stdout:setvbuf("full", 65536)
io.write(run)
local offset = 0
for index, one in ipairs(files) do
	if index >= from.index then
		one.file:seek("set", index == from.index and from.position or 0)
		for block in one.file:lines(65536) do io.write(block) end
	else
		one.file:seek("end")
	end
	if one.current then offset = one.file:seek() end
end
io.stdout:flush()
io.stderr:write(offset)
`;

/**
 * For a session: the records that are kept, and with `follow` those that come, until the input of the session ends.
 *
 * @param tail number of lines to begin with; undefined: all
 */
export function readScript(log: string, tail: number | undefined, follow: boolean): Script {
	const lacking = refusal({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot show the output of a container',
		why: `output is kept by ${FLUA_PATH}/flua, which the host does not have`,
		hint: 'install it: it is in the base system of FreeBSD 13.0 and later',
	});
	const words = [`DIRECTORY=${log}`, `WANT=${tail ?? ''}`];
	const read = sh`env ${words} flua -e ${PROGRAM}`;
	const start = lines(
		sh`PATH=$PATH:${FLUA_PATH}`,
		sh`command -v flua >/dev/null || ${lacking}`,
		sh`[ -d ${log} ] || exit 0`,
	);
	if (!follow) return lines(start, sh`${read} 2>/dev/null`);
	return lines(
		start,
		sh`umask 077; : >>${log}/current; before=$(ls -i ${log}/current)`,
		sh`exec 3>&1; offset=$(${read} 2>&1 >&3 3>&-); exec 3>&-`,
		// Replaced meanwhile: the new file from its beginning.
		sh`[ "$(ls -i ${log}/current 2>/dev/null)" = "$before" ] || offset=0`,
		sh`tail -c "+$((offset + 1))" -F ${log}/current 2>/dev/null &`,
		sh`cat >/dev/null; kill $!`,
	);
}
