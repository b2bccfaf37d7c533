/**
 * An element whose text is a style sheet of the document while the element is in it. The policy of the page forbids style
 * elements, which xterm makes; scripts/build.ts has it make these instead.
 */
class AdoptedStyle extends HTMLElement {
	readonly #sheet = new CSSStyleSheet();

	override get textContent(): string {
		return super.textContent ?? '';
	}

	override set textContent(text: string) {
		this.#sheet.replaceSync(text);
	}

	connectedCallback(): void {
		document.adoptedStyleSheets.push(this.#sheet);
	}

	disconnectedCallback(): void {
		document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== this.#sheet);
	}
}

customElements.define('klee-style', AdoptedStyle);
