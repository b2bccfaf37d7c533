const ADJECTIVES =
	'able agile amber ample apt bold brave bright brisk calm candid cheery clever cosmic crisp curious daring deft eager earnest fair fearless fond frank free gentle glad golden grand happy hardy honest humble jolly keen kind lively lucid lucky merry mighty mild modest neat nimble noble patient placid plucky polite proud quick quiet rapid ready serene sharp silent sincere sleek smart solid steady sunny swift tender tidy tranquil upbeat vivid warm wise witty zesty';

/** People to whom computing, networks and Unix owe something. */
const SURNAMES =
	'allman allen aho babbage backus baran berners bourne brooks cerf church clark codd corbato dahl davies diffie dijkstra eckert engelbart estrin feinler floyd goldberg goldstine gray hamming hamilton hellman hoare holberton hopper iverson jacobson johnson joy kahn kamp karels kay kernighan kleene kleinrock knuth lamarr lamport lesk liskov lovelace mauchly mccarthy mcilroy mckusick metcalfe milner minsky naur newell noether nygaard perlis perlman pike pouzin postel ritchie rivest roberts sammet shannon snyder stallman sutherland tanenbaum tarjan thompson torvalds turing ullman watson wilkes wirth zuse';

/** `adjective_surname` for a container that was given no name. */
export function randomName(): string {
	return `${pick(ADJECTIVES)}_${pick(SURNAMES)}`;
}

function pick(words: string): string {
	const all = words.split(' ');
	return all[Math.floor(Math.random() * all.length)] ?? 'plain';
}
