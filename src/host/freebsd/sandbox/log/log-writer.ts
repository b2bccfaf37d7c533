/**
 * What keeps the output of first processes on the host, in the files of a container's log:
 *
 *     current   records, one per line: `SECONDS STREAM TAG CONTENT`
 *     older     the file before, which was full
 *
 * Tags: F a line, P a piece of one, B and E the begin and end of a run (`TOKEN STREAMS` and `TOKEN`), once for each
 * stream. Each stream has a writer, by the Lua of the base system (flua): a shell would have to start processes for each
 * line, and awk(1) holds a line of any length in memory and loses what comes after a NUL.
 */
import { lines, type Script, sh } from '#os/shell/quote.ts';

/** Size of a file that ends it. There are two. Bytes. */
export const LOG_LIMIT = 10 * 1024 * 1024;

/** Content of a record at most, but for a mark that is not cut. Bytes. */
const LONGEST = 8192;

/** Name of the Lua interpreter, which is in a directory that is on nobody's PATH. */
export const FLUA_PATH = '/usr/libexec';

/**
 * What tells the daemon how the process ended is among its output, where somebody is attached: it is left out. A file is
 * opened for each record, as the writer of the other stream may have renamed it.
 */
const PROGRAM = `
local directory, stream, token = os.getenv("DIRECTORY"), os.getenv("STREAM"), os.getenv("TOKEN")
local limit, longest = tonumber(os.getenv("LIMIT")), ${LONGEST}
local current = directory .. "/current"

local function size()
	local file = io.open(current, "rb")
	if not file then return 0 end
	local bytes = file:seek("end")
	file:close()
	return bytes
end

local function record(tag, content)
	local file = io.open(current, "ab")
	if not file then return end
	file:setvbuf("full", 2 * longest)
	file:write(os.time(), " ", stream, " ", tag, " ", content, "\\n")
	local bytes = file:seek("end")
	file:close()
	if bytes and bytes >= limit and size() >= limit then os.rename(current, directory .. "/older") end
end

local bytes, count, marked = {}, 0, 0
local function take()
	local content = table.concat(bytes, "", 1, count)
	if marked > 0 then content = content:gsub("\\30" .. token .. " %d+ %d;", "") end
	count, marked = 0, 0
	return content
end

record("B", token .. " " .. os.getenv("STREAMS"))
io.stdin:setvbuf("full", 65536)
for byte in io.stdin:lines(1) do
	if byte == "\\n" then
		record("F", take())
	else
		count = count + 1
		bytes[count] = byte
		if byte == "\\30" then marked = count end
		if count >= longest and (marked == 0 or count - marked > 64) then record("P", take()) end
	end
end
local rest = take()
if rest ~= "" then record("P", rest) end
record("E", token)
local over = io.open(os.getenv("OVER"), "w")
if over then over:close() end
`;

export type OutputName = 'out' | 'err';

export interface LogOptions {
	/** Of the run. */
	readonly directory: string;
	/** Of the container's log. */
	readonly log: string;
	readonly token: string;
	readonly streams: readonly OutputName[];
	readonly limit: number;
}

/** FIFO that the output to be kept is written to. */
export function logFifo(directory: string, stream: OutputName): string {
	return `${directory}/log-${stream}`;
}

/**
 * Content of `log.sh`, to be run by daemon(8): starts the writers. With the argument `drain` also what passes the output on
 * to them, as nobody is attached who would. Without flua nothing is kept.
 */
export function logFile({ directory, log, token, streams, limit }: LogOptions): Script {
	const writer = (stream: OutputName) => {
		const words = [
			`DIRECTORY=${log}`,
			`STREAM=${stream === 'out' ? 'stdout' : 'stderr'}`,
			`TOKEN=${token}`,
			`STREAMS=${streams.length}`,
			`LIMIT=${limit}`,
			`OVER=${directory}/over-${stream}`,
		];
		return sh`keep ${`${directory}/over-${stream}`} ${words} <${logFifo(directory, stream)} &`;
	};
	const drain = (stream: OutputName) =>
		lines(
			sh`	tee ${logFifo(directory, stream)} <${`${directory}/${stream}`} &`,
			sh`	echo $! >${`${directory}/relay-${stream}`}`,
		);
	return lines(
		sh`PATH=$PATH:${FLUA_PATH}; umask 077; [ -d ${log} ] || mkdir -p ${log}`,
		sh`program=${PROGRAM}`,
		sh`keep() {`,
		sh`	over=$1; shift`,
		sh`	! command -v flua >/dev/null || exec env "$@" flua -e "$program"`,
		sh`	cat >/dev/null; : >"$over"`,
		sh`}`,
		...streams.map(writer),
		// With it tee(1) goes on reading when nobody reads what it passes on.
		sh`trap '' PIPE`,
		sh`if [ "$1" = drain ]; then`,
		...streams.map(drain),
		sh`fi`,
	);
}

/** Looks whether the writers are done, 0.05 s apart. */
const LOOKS = 40;

/** Part of a script, when no process is left in the jail and before the directory of the run is removed. */
export function awaitLog(directory: string): Script {
	return lines(
		sh`left=${LOOKS}`,
		sh`for stream in out err; do`,
		sh`	while [ -p ${`${directory}/log-`}"$stream" ] && [ ! -e ${`${directory}/over-`}"$stream" ] && [ "$left" -gt 0 ]; do`,
		sh`		left=$((left - 1)); sleep 0.05`,
		sh`	done`,
		sh`done`,
	);
}
