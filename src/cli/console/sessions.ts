const { createHash, randomBytes } = process.getBuiltinModule('node:crypto');

const SECRET_BYTES = 32;

/**
 * Tokens, each good for one session, and the sessions of browsers. Both are kept as hashes, so that a comparison takes the
 * same time whatever is presented.
 */
export class Sessions {
	readonly #tokens = new Set<string>();
	readonly #sessions = new Set<string>();

	/** @returns a token that was never given before */
	issueToken(): string {
		return this.#issue(this.#tokens);
	}

	/** @returns the secret of a new session; undefined where the token is unknown or was used before */
	redeem(token: string): string | undefined {
		return this.#tokens.delete(hashOf(token)) ? this.#issue(this.#sessions) : undefined;
	}

	has(session: string): boolean {
		return this.#sessions.has(hashOf(session));
	}

	#issue(kind: Set<string>): string {
		const secret = randomBytes(SECRET_BYTES).toString('base64url');
		kind.add(hashOf(secret));
		return secret;
	}
}

function hashOf(secret: string): string {
	return createHash('sha256').update(secret).digest('base64');
}

/** Name of the cookie. Browsers send cookies to all ports of a host, so each console has a name of its own. */
function cookieName(port: number): string {
	return `klee-console-${port}`;
}

/** Value of `Set-Cookie`: for this browser until it ends, out of reach of scripts and of other sites. */
export function sessionCookie(port: number, session: string): string {
	return `${cookieName(port)}=${session}; HttpOnly; SameSite=Strict; Path=/`;
}

/** @param header value of `Cookie`. @returns the secret in it */
export function sessionIn(header: string | undefined, port: number): string | undefined {
	const prefix = `${cookieName(port)}=`;
	const cookies = (header ?? '').split(';').map((cookie) => cookie.trim());
	return cookies.find((cookie) => cookie.startsWith(prefix))?.slice(prefix.length);
}
