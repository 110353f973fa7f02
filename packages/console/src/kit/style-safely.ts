/** Terminals that are open. */
let users = 0;

/**
 * Lets xterm.js style what it makes under a Content-Security-Policy without 'unsafe-inline'. The browser refuses style elements and style
 * attributes that a script writes as text, but takes the same rules through constructed style sheets and the style objects of elements. So
 * until the returned function is called, a new style element passes its text to a style sheet, and a new span its style attribute to its style.
 *
 * It is the page's own document that makes them, because xterm.js 6 gives neither its viewport nor its rows the one of `documentOverride`.
 * Nothing else on the page makes a style element, or sets a style attribute as text.
 */
export function styleSafely(page: Document): () => void {
  if (users++ === 0) {
    const make = Document.prototype.createElement.bind(page) as (tag: string, options?: object) => HTMLElement;
    const createElement = (tag: string, options?: object) => {
      if (tag === 'style') return sheetElement(page, make('template'));
      return tag === 'span' ? Object.assign(make(tag, options), { setAttribute }) : make(tag, options);
    };
    Object.defineProperty(page, 'createElement', { value: createElement, configurable: true });
  }
  let isOpen = true;
  return () => {
    // The prototype's function is below.
    if (isOpen && --users === 0) Reflect.deleteProperty(page, 'createElement');
    isOpen = false;
  };
}

/** An element whose text is a style sheet of the page, until it is removed. */
function sheetElement(page: Document, element: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  const others = () => page.adoptedStyleSheets.filter((one) => one !== sheet);
  Object.defineProperty(element, 'textContent', {
    set(text: string) {
      sheet.replaceSync(text);
      page.adoptedStyleSheets = [...others(), sheet];
    },
  });
  element.remove = () => {
    page.adoptedStyleSheets = others();
    HTMLElement.prototype.remove.call(element);
  };
  return element;
}

function setAttribute(this: HTMLElement, name: string, value: string): void {
  if (name === 'style') this.style.cssText = value;
  else HTMLElement.prototype.setAttribute.call(this, name, value);
}
