/** The page of `klee console`. It knows the API of the daemon alone, through the server on 127.0.0.1 that klee runs. */
import { render } from 'preact';

function Page() {
	return <h1>Kleene</h1>;
}

render(<Page />, document.body);
