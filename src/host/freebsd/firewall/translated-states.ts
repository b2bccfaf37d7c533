/**
 * States of outgoing connections whose sender was translated: pf finds them by the address of the host, not by the
 * container's, and while one lives the anchor of its network stays listed. `pfctl -s states -vv` prints the address from
 * before in parentheses, on the first line of a state, and its id on a later one:
 *
 *     em0 tcp 192.0.2.1:50000 (10.4.6.2:40000) -> 203.0.113.9:443       ESTABLISHED:ESTABLISHED
 *        id: 0100000000000001 creatorid: 5a6b7c8d
 */
import { type Script, sh } from '#os/shell/quote.ts';

/** Prints the ids of states that come from one of the blocks in $BLOCKS. */
const IDS = `
function hex(text, n, i) {
	for (i = 1; i <= length(text); i++) n = n * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return n + 0
}
function numbers(text, into, sides, head, tail, h, t, i) {
	if (text !~ /:/) return split(text, into, ".")
	t = split(text, sides, "::") > 1 ? split(sides[2], tail, ":") : 0
	h = split(sides[1], head, ":")
	for (i = 1; i <= 8; i++) into[i] = i <= h ? hex(head[i]) : i > 8 - t ? hex(tail[i - 8 + t]) : 0
	return 8
}
function within(text, block, parts, a, b, n, bits, width, i, unit) {
	split(block, parts, "/")
	bits = parts[2]
	n = numbers(text, a)
	if (n != numbers(parts[1], b)) return 0
	width = n == 4 ? 8 : 16
	for (i = 1; i <= n && bits > 0; i++) {
		unit = bits < width ? 2 ^ (width - bits) : 1
		if (int(a[i] / unit) != int(b[i] / unit)) return 0
		bits -= width
	}
	return 1
}
BEGIN { count = split(ENVIRON["BLOCKS"], blocks, " ") }
/^[^ ]/ {
	found = 0
	if (match($0, / [(][0-9a-f.:]+/)) {
		address = substr($0, RSTART + 2, RLENGTH - 2)
		if (address ~ /[.]/) sub(/:[0-9]+$/, "", address)
		for (i = 1; i <= count; i++) if (within(address, blocks[i])) found = 1
	}
}
found && $1 == "id:" { print $2 }`;

/** Ends them. @param blocks CIDRs */
export function forgetTranslated(blocks: readonly string[]): Script {
	return sh`for id in $(pfctl -s states -vv 2>/dev/null | BLOCKS=${blocks.join(' ')} awk ${IDS}); do pfctl -q -k id -k "$id"; done`;
}
