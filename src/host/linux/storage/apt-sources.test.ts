import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRelease, selectSources } from './apt-sources.ts';

const BOOKWORM = { id: 'debian', codename: 'bookworm', name: 'Debian GNU/Linux 12 (bookworm)' };

test('a release, and what has no codename', () => {
	const text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n';
	assert.deepEqual(parseRelease(text), BOOKWORM);
	assert.equal(parseRelease('ID=arch\n'), undefined);
	assert.equal(parseRelease("VERSION_CODENAME='x; reboot'\n"), undefined);
});

test('takes the sources of the distribution and no others', () => {
	const list = [
		'deb http://mirror.example/debian bookworm main contrib # comment',
		'deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://local/mirror bookworm-updates main',
		'deb-src http://mirror.example/debian bookworm main',
		'# deb http://mirror.example/debian bookworm-security main',
		'deb http://mirror.example/debian trixie main',
		'deb [signed-by=/usr/share/keyrings/other.gpg] https://vendor.example/linux/debian bookworm main',
		'deb https://vendor.example/linux/debian bookworm stable',
		'deb https://vendor.example/apt bookworm main',
		'deb http://mirror.example/debian bookworm-backports main',
	].join('\n');
	assert.deepEqual(selectSources([{ name: 'sources.list', text: list }], BOOKWORM), [
		'deb http://mirror.example/debian bookworm main contrib',
		'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://local/mirror bookworm-updates main',
	]);
});

test('deb822: stanzas, continued lines, what is switched off, keys written inline', () => {
	const text = `# comment
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
Enabled: no

Types: deb
URIs: http://vendor.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
`;
	const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
	assert.deepEqual(selectSources([{ name: 'debian.sources', text }], BOOKWORM), [
		`deb ${signed} http://mirror.example/debian bookworm main`,
		`deb ${signed} http://mirror.example/debian bookworm-updates main`,
	]);
});

test('nothing that could be an option of its own gets through', () => {
	const text =
		'Types: deb\nURIs: http://x/debian\nSuites: bookworm\nComponents: main\nSigned-By: /a/debian-archive-keyring.gpg] evil';
	assert.deepEqual(selectSources([{ name: 'a.sources', text }], BOOKWORM), []);
});
