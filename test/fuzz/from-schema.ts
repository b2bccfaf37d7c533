/** Values that nearly fit a JSON schema: valid ones, ones at the bounds, and ones with a part that does not fit. */
import fc from 'fast-check';

/** Keywords of JSON Schema that the API uses. */
export interface Schema {
	readonly type?: string;
	readonly const?: unknown;
	readonly anyOf?: readonly Schema[];
	readonly items?: Schema;
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly required?: readonly string[] | undefined;
	readonly minimum?: number;
	readonly maximum?: number;
	readonly maxLength?: number;
}

/** Texts that mean something to some field, and texts that have broken programs. */
export const TEXTS: readonly string[] = [
	...['', 'web', 'db', 'net', 'other', 'data', 'Base', 'Base:latest', '<auto>', '<host-gateway>', 'vnet', 'root'],
	...['10.4.6.0/24', '10.4.6.2', '10.4.0.0/16', '10.4.6.1/24', '10.9.8.0/30', '0.0.0.0/0', '255.255.255.255/32'],
	...['fd00:4::/64', 'fd00:4::2', '::/0', '::ffff:10.4.6.2', 'fe80::1%lo', '10.4.6.2/33', '010.4.6.2', '1', '0x7f.1'],
	...[
		'80',
		'0',
		'65535',
		'65536',
		'-1',
		'1-65535',
		'8000-8100',
		'80:*',
		'80/tcp',
		'99999999999999999999',
		'1e9',
		'NaN',
	],
	...['02:00:0a:04:06:02', 'ff:ff:ff:ff:ff:ff', '01:00:5e:00:00:01', '00:00:00:00:00:00', 'lo', 'eth0', 'kleene0'],
	...['/', '/etc', '../../etc/passwd', '/srv/../..', 'a/b', '.', '..', '-rf', '--help', '~', '/proc/self/root', '//x'],
	...['A=b', '=', 'A', 'PATH=', 'A=\n', 'allow.raw_sockets', 'noallow.mlock', 'exec.start=true', 'host.hostname=x'],
	...['mount.devfs=maybe', 'vnet=new', 'ip4.addr=1', 'x'.repeat(128), 'x'.repeat(129), 'x'.repeat(5000)],
	...[
		'\0',
		'a\0b',
		'\n',
		'\r\nX: y',
		'\x1b[2J',
		'\u202e',
		'💥',
		'\ud800',
		'é',
		'ｗｅｂ',
		'%',
		'%00',
		'%2e%2e',
		'?',
		'#',
	],
	...[
		"'; drop table containers; --",
		'$(reboot)',
		'`id`',
		'$HOME',
		'{{.}}',
		'%s%n',
		'__proto__',
		'constructor',
		'constructor',
	],
];

const text: fc.Arbitrary<string> = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom(...TEXTS) },
	{ weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
	{ weight: 1, arbitrary: fc.ipV4() },
	{ weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'0123456789.:/-abcdef'), maxLength: 24 }) },
);

/** Names of whatever is created: few, so that requests meet each other's objects. */
const OWN_NAMES = ['web', 'db', 'n1', 'n2', 'n3', 'n4'];

/** By the name of a field: texts that it accepts. Without them hardly any request would get past its first check. */
const ACCEPTED: Readonly<Record<string, readonly string[]>> = {
	name: OWN_NAMES,
	container: OWN_NAMES,
	container_id: OWN_NAMES,
	network: [...OWN_NAMES, 'testnet'],
	network_id: [...OWN_NAMES, 'testnet'],
	image_id: ['Base', 'Other'],
	volume_name: OWN_NAMES,
	image: ['Base'],
	interface: [''],
	subnet: ['', ...Array.from({ length: 30 }, (_, index) => `10.5.${index}.0/24`), '10.6.0.0/30'],
	subnet6: ['', 'fd00:5::/64', 'fd00:6::/126'],
	gateway: ['', '<auto>'],
	gateway6: ['', '<auto>'],
	nat: ['', '<host-gateway>'],
	ip_address: ['<auto>', ''],
	ip_address6: ['<auto>', ''],
	mac: ['02:00:0a:04:06:02'],
	user: ['', 'root', '0:0'],
	cmd: ['/bin/true'],
	env: ['A=b', 'B='],
	source: ['web', 'n1', 'host', 'outside'],
	destination: ['web', 'web:80', 'n1:53/udp', 'outside', '/srv', '/mnt'],
	host_port: ['80', '8000-8010', ''],
	container_port: ['80', '80:*', '8000-8010'],
	interfaces: ['lo', '127.0.0.1'],
	publish_from: ['192.0.2.0/24', '::/0'],
	jail_param: ['allow.raw_sockets', 'host.hostname=x', 'exec.start=true'],
	aliases: ['cache', 'db'],
	nametag: ['Base:two', 'Other'],
};

/** Nothing in particular: any JSON, deep and wide ones and keys of `Object.prototype` included. */
export const anything: fc.Arbitrary<unknown> = fc.oneof(
	text,
	fc.constantFrom(null, true, false, 0, -0, -1, 1.5, 2 ** 31, 2 ** 53, 1e308, Number.MIN_VALUE),
	fc.jsonValue({ maxDepth: 3 }),
	fc.constant(nested(500)),
	fc.constant(Array.from({ length: 2000 }, (_, index) => index)),
	fc.constant(JSON.parse('{"__proto__": {"name": "x"}, "constructor": 1, "toString": null}') as unknown),
);

function nested(depth: number): unknown {
	return depth === 0 ? 'bottom' : [nested(depth - 1)];
}

/**
 * Values for a schema, most of which fit it.
 *
 * @param field name of the property that has the value
 */
export function fitting(schema: Schema, field = ''): fc.Arbitrary<unknown> {
	return fc.oneof({ weight: 150, arbitrary: shaped(schema, field) }, { weight: 1, arbitrary: anything });
}

function shaped(schema: Schema, field: string): fc.Arbitrary<unknown> {
	if (schema.const !== undefined) return fc.constant(schema.const);
	if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => fitting(one, field)));
	switch (schema.type) {
		case 'object':
			return record(schema);
		case 'array':
			return fc.array(fitting(schema.items ?? {}, field), { maxLength: 3 });
		case 'boolean':
			return fc.constantFrom<unknown>(true, false, 'true', 'false');
		case 'integer':
		case 'number':
			return number(schema);
		case 'null':
			return fc.constant(null);
		default:
			return textFor(field);
	}
}

/** @param field see `fitting` */
export function textFor(field: string): fc.Arbitrary<string> {
	const accepted = Object.hasOwn(ACCEPTED, field) ? (ACCEPTED[field] ?? []) : [];
	if (accepted.length === 0) return text;
	return fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...accepted) }, { weight: 1, arbitrary: text });
}

/** Within the bounds, at them, and one beyond. */
function number({ minimum = -1, maximum = 2 ** 31 }: Schema): fc.Arbitrary<number> {
	return fc.oneof(
		{ weight: 1, arbitrary: fc.constantFrom(minimum, maximum, minimum - 1, maximum + 1, 0, 1, 0.5) },
		{
			weight: 4,
			arbitrary: fc.integer({ min: Math.ceil(Math.max(minimum, -(2 ** 31))), max: Math.min(maximum, 2 ** 31 - 1) }),
		},
	);
}

function record({ properties = {}, required = [] }: Schema): fc.Arbitrary<unknown> {
	const keys = Object.keys(properties);
	const values = fc.record(Object.fromEntries(keys.map((key) => [key, fitting(properties[key] ?? {}, key)])), {
		requiredKeys: [...required],
	});
	const dropped = fc.option(fc.constantFrom(...keys, 'nothing'), { freq: 40, nil: 'nothing' });
	return fc.tuple(values, dropped).map(([value, key]) => {
		return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
	});
}
