/**
 * The script that udhcpc(8) calls when a lease comes, changes or goes. It touches the one interface and a file in the
 * folder of the container; name servers of the LAN are not taken over. What comes from the network is checked first:
 * it is root who runs this. `$LEASE` and `$ROUTE` come from `LeaseClients`.
 */
export const CLIENT_SCRIPT = `#!/bin/sh
# Written by Kleene.
set -eu

# Whether the other words are IPv4 addresses or numbers.
plain() { for word; do case $word in '' | *[!0-9.]*) return 1 ;; esac; done; }

case $1 in
deconfig)
	ip -4 address flush dev "$interface"
	rm -f "$LEASE"
	;;
bound | renew)
	plain "$ip" "\${mask:-24}"
	own=$ip/\${mask:-24}
	ip -4 address replace "$own" dev "$interface"
	ip -4 -o address show dev "$interface" | while read -r _ _ _ other _; do
		[ "$other" = "$own" ] || ip -4 address delete "$other" dev "$interface"
	done
	router=\${router:-}
	router=\${router%% *}
	if [ "$ROUTE" = yes ] && plain "$router"; then
		old=$(ip -4 route show default)
		case $old in
		'') ip -4 route add default via "$router" dev "$interface" ;;
		*" dev $interface"*) ip -4 route replace default via "$router" dev "$interface" ;;
		esac
	fi
	printf '%s\\n' "$own" >"$LEASE.new"
	mv "$LEASE.new" "$LEASE"
	;;
esac
`;
