/**
 * The schema, one script per version. A script that has landed is never edited; a change is a new script.
 * Addresses are kept twice: as text for people, and as fixed-width hex (`sortableKey`) so that order is numeric and a
 * unique index is the judge of who holds an address.
 */
export const MIGRATIONS: readonly string[] = [
	`
	CREATE TABLE networks (
		id TEXT PRIMARY KEY,
		name TEXT NOT NULL UNIQUE,
		type TEXT NOT NULL,
		interface TEXT NOT NULL UNIQUE,
		subnet TEXT NOT NULL,
		subnet6 TEXT NOT NULL,
		gateway TEXT NOT NULL,
		gateway6 TEXT NOT NULL,
		nat TEXT NOT NULL,
		icc INTEGER NOT NULL,
		internal INTEGER NOT NULL,
		created TEXT NOT NULL
	) STRICT;

	-- One row per network and family. 'hint' is never above the lowest free address: allocation starts there.
	CREATE TABLE subnets (
		network_id TEXT NOT NULL REFERENCES networks(id) ON DELETE CASCADE,
		family INTEGER NOT NULL,
		first TEXT NOT NULL,
		last TEXT NOT NULL,
		hint TEXT NOT NULL,
		PRIMARY KEY (network_id, family)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX subnets_by_range ON subnets(family, first);

	CREATE TABLE images (
		id TEXT PRIMARY KEY,
		name TEXT NOT NULL,
		tag TEXT NOT NULL,
		cmd TEXT NOT NULL,
		env TEXT NOT NULL,
		user TEXT NOT NULL,
		instructions TEXT NOT NULL,
		created TEXT NOT NULL,
		dataset TEXT NOT NULL
	) STRICT;
	CREATE UNIQUE INDEX images_by_nametag ON images(name, tag) WHERE name <> '';

	CREATE TABLE containers (
		id TEXT PRIMARY KEY,
		name TEXT NOT NULL UNIQUE,
		image_id TEXT NOT NULL REFERENCES images(id),
		cmd TEXT NOT NULL,
		user TEXT NOT NULL,
		env TEXT NOT NULL,
		network_driver TEXT NOT NULL,
		public_ports TEXT NOT NULL,
		jail_param TEXT NOT NULL,
		mounts TEXT NOT NULL,
		restart_policy TEXT NOT NULL,
		persist INTEGER NOT NULL,
		created TEXT NOT NULL,
		dataset TEXT NOT NULL,
		-- The parts that its current run put on the host, in the order of making; '[]' while it is stopped.
		parts TEXT NOT NULL DEFAULT '[]'
	) STRICT;
	CREATE INDEX containers_by_image ON containers(image_id);
	CREATE INDEX containers_by_created ON containers(created);
	CREATE INDEX containers_running ON containers(id) WHERE parts <> '[]';

	CREATE TABLE endpoints (
		id TEXT PRIMARY KEY,
		container_id TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
		network_id TEXT NOT NULL REFERENCES networks(id),
		ip_address TEXT NOT NULL,
		ip_address6 TEXT NOT NULL,
		position INTEGER NOT NULL,
		epair INTEGER UNIQUE,
		UNIQUE (container_id, network_id),
		UNIQUE (container_id, position)
	) STRICT;
	CREATE INDEX endpoints_by_network ON endpoints(network_id);

	-- Who holds an address: an endpoint, or the network itself (its gateway; endpoint_id is then null).
	CREATE TABLE addresses (
		network_id TEXT NOT NULL REFERENCES networks(id) ON DELETE CASCADE,
		address TEXT NOT NULL,
		endpoint_id TEXT REFERENCES endpoints(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
		PRIMARY KEY (network_id, address)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX addresses_by_endpoint ON addresses(endpoint_id);

	-- Plans under way: what was begun and not finished when the daemon died is undone or finished from here.
	CREATE TABLE journal (
		id INTEGER PRIMARY KEY AUTOINCREMENT,
		subject TEXT NOT NULL,
		mode TEXT NOT NULL,
		steps TEXT NOT NULL,
		-- Steps before this one are done, this one may be, later ones are not.
		cursor INTEGER NOT NULL DEFAULT 0
	) STRICT;
	`,
	`
	ALTER TABLE networks ADD COLUMN dns INTEGER NOT NULL DEFAULT 1;
	-- Bytes; 0: what the host gives.
	ALTER TABLE networks ADD COLUMN mtu INTEGER NOT NULL DEFAULT 0;
	-- Bits per second in each direction; 0: no limit.
	ALTER TABLE containers ADD COLUMN bandwidth INTEGER NOT NULL DEFAULT 0;
	-- '': derived from the id.
	ALTER TABLE endpoints ADD COLUMN mac TEXT NOT NULL DEFAULT '';
	CREATE INDEX containers_by_name ON containers(name COLLATE NOCASE);
	ALTER TABLE endpoints ADD COLUMN default_route INTEGER NOT NULL DEFAULT 0;
	`,
	`
	-- Further names of an endpoint on its network, in lower case; several endpoints may share one.
	CREATE TABLE aliases (
		network_id TEXT NOT NULL,
		alias TEXT NOT NULL,
		endpoint_id TEXT NOT NULL REFERENCES endpoints(id) ON DELETE CASCADE,
		PRIMARY KEY (network_id, alias, endpoint_id)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX aliases_by_endpoint ON aliases(endpoint_id);
	`,
	`
	-- Sources that may use published ports, as a list; '[]': everybody.
	ALTER TABLE containers ADD COLUMN publish_from TEXT NOT NULL DEFAULT '[]';
	ALTER TABLE networks ADD COLUMN nat6 INTEGER NOT NULL DEFAULT 0;
	`,
	`
	CREATE TABLE volumes (
		name TEXT PRIMARY KEY,
		created TEXT NOT NULL,
		dataset TEXT NOT NULL
	) STRICT;

	-- Which containers mount a volume: a volume that one does cannot be deleted.
	CREATE TABLE volume_users (
		volume TEXT NOT NULL REFERENCES volumes(name),
		container_id TEXT NOT NULL REFERENCES containers(id) ON DELETE CASCADE,
		PRIMARY KEY (volume, container_id)
	) STRICT, WITHOUT ROWID;
	CREATE INDEX volume_users_by_container ON volume_users(container_id);
	`,
	`
	-- What is to be recorded when a build was undone, a teardown finished: changes of the store as data.
	ALTER TABLE journal ADD COLUMN record TEXT NOT NULL DEFAULT '[]';
	-- 1: that is so only where no step failed.
	ALTER TABLE journal ADD COLUMN whole INTEGER NOT NULL DEFAULT 0;
	`,
	`
	-- The part of an address of an ipnet container has another kind. A quote within a text is escaped, so that nothing else reads so.
	UPDATE containers SET parts = replace(parts, '"kind":"alias"', '"kind":"ipnet-address"');
	UPDATE journal SET
		steps = replace(steps, '"kind":"alias"', '"kind":"ipnet-address"'),
		record = replace(record, '"kind":"alias"', '"kind":"ipnet-address"');
	`,
	`
	-- A layer is there for good once it is in this table. Who uses it is asked of images, containers and layers above.
	CREATE TABLE layers (
		id TEXT PRIMARY KEY,
		-- NULL: the lowest one.
		parent TEXT REFERENCES layers(id),
		diff_id TEXT NOT NULL DEFAULT '',
		cache_key TEXT NOT NULL DEFAULT '',
		-- NULL: not measured.
		size INTEGER,
		created TEXT NOT NULL
	) STRICT;
	CREATE INDEX layers_by_parent ON layers(parent);
	CREATE INDEX layers_by_diff ON layers(diff_id);

	-- Images so far have one layer, of the same id. Their files move when the host is opened.
	INSERT INTO layers (id, created) SELECT id, created FROM images;
	ALTER TABLE images ADD COLUMN layer TEXT REFERENCES layers(id);
	ALTER TABLE images ADD COLUMN config TEXT NOT NULL DEFAULT '{}';
	ALTER TABLE images ADD COLUMN history TEXT NOT NULL DEFAULT '[]';
	ALTER TABLE images ADD COLUMN digest TEXT NOT NULL DEFAULT '';
	UPDATE images SET layer = id, dataset = replace(replace(dataset, 'images/' || id, 'layers/' || id), '/image/' || id, '/layer/' || id),
		config = json_object('entrypoint', json('[]'), 'cmd', json(cmd), 'env', json(env), 'user', user, 'workdir', '',
			'labels', json('{}'), 'exposedPorts', json('[]'), 'volumes', json('[]'), 'stopSignal', '',
			'healthCheck', NULL, 'shell', json('[]'));
	ALTER TABLE images DROP COLUMN cmd;
	ALTER TABLE images DROP COLUMN env;
	ALTER TABLE images DROP COLUMN user;
	ALTER TABLE images DROP COLUMN instructions;
	CREATE INDEX images_by_layer ON images(layer);
	ALTER TABLE containers ADD COLUMN layer TEXT REFERENCES layers(id);
	UPDATE containers SET layer = image_id,
		parts = replace(parts, '"image":"' || image_id || '"', '"layers":["' || image_id || '"]');
	CREATE INDEX containers_by_layer ON containers(layer);

	-- Plans under way name the layers where they named an image.
	UPDATE journal SET steps = (
		SELECT json_group_array(json(CASE value ->> '$.part.kind'
			WHEN 'image-files' THEN json_remove(json_set(value, '$.part.kind', 'layer', '$.part.below', json('[]'),
				'$.part.layer', value ->> '$.part.image'), '$.part.image')
			WHEN 'root-files' THEN json_remove(json_set(value, '$.part.layers', json_array(value ->> '$.part.image')), '$.part.image')
			WHEN 'root-mount' THEN json_remove(json_set(value, '$.part.layers', json_array(value ->> '$.part.image')), '$.part.image')
			WHEN 'mount-point' THEN json_remove(json_set(value, '$.part.layers', json_array(value ->> '$.part.image')), '$.part.image')
			ELSE value END)) FROM (SELECT value FROM json_each(journal.steps) ORDER BY key)
	);
	`,
	`
	-- 1: removed when its run has ended.
	ALTER TABLE containers ADD COLUMN auto_remove INTEGER NOT NULL DEFAULT 0;
	`,
	`
	-- Exit code, time and reason of the end of its last run, as JSON.
	ALTER TABLE containers ADD COLUMN run_end TEXT;
	`,
	`
	-- Settings beyond those of the original Kleene; see ContainerOptions.
	ALTER TABLE containers ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
	-- By the daemon, since somebody started it.
	ALTER TABLE containers ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;
	`,
	`
	-- Health of the last run of a container with a health check, see Health. Written at each check, so it is in no record.
	CREATE TABLE health (
		container_id TEXT PRIMARY KEY REFERENCES containers(id) ON DELETE CASCADE,
		state TEXT NOT NULL
	) STRICT, WITHOUT ROWID;
	`,
	`
	-- Networks on an interface of the host, or on a VLAN of it; what is handed out; the address of the host there.
	ALTER TABLE networks ADD COLUMN parent TEXT NOT NULL DEFAULT '';
	ALTER TABLE networks ADD COLUMN vlan INTEGER NOT NULL DEFAULT 0;
	ALTER TABLE networks ADD COLUMN ip_range TEXT NOT NULL DEFAULT '';
	ALTER TABLE networks ADD COLUMN ip_range6 TEXT NOT NULL DEFAULT '';
	ALTER TABLE networks ADD COLUMN host_ip TEXT NOT NULL DEFAULT '';
	ALTER TABLE networks ADD COLUMN host_ip6 TEXT NOT NULL DEFAULT '';
	`,
	`
	-- 1: the IPv4 address comes from a DHCP server.
	ALTER TABLE endpoints ADD COLUMN leased INTEGER NOT NULL DEFAULT 0;
	`,
];
