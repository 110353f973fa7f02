import { Malformed } from './malformed.ts';

export interface XmlNode {
  /** Local name: prefixes are dropped, since AWS gives them no meaning. */
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: XmlNode[];
  text: string;
}

const NAME = /[A-Za-z_:\u00C0-\uFFFD][\w:.\-\u00B7-\uFFFD]*/y;
const SPACE = /\s*/y;
const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/**
 * Parses a small, strict subset of XML: elements, attributes, text, CDATA, comments and a leading declaration. Document
 * types and entity declarations are refused, so that no entity can expand.
 */
export function parseXml(source: string, limits: { depth: number; nodes: number }): XmlNode {
  let at = source.charCodeAt(0) === 0xfeff ? 1 : 0;
  let nodes = 0;
  const stack: { node: XmlNode; tag: string }[] = [];
  let root: XmlNode | undefined;

  const fail = (why: string): never => {
    throw new Malformed(`XML: ${why}`);
  };
  const skipTo = (end: string, from: number): number => {
    const found = source.indexOf(end, from);
    return found < 0 ? fail('not closed') : found;
  };
  const name = (): string => {
    NAME.lastIndex = at;
    const found = NAME.exec(source);
    if (!found) return fail('bad name');
    at = NAME.lastIndex;
    return found[0];
  };
  const space = (): void => {
    SPACE.lastIndex = at;
    SPACE.exec(source);
    at = SPACE.lastIndex;
  };
  const addText = (text: string): void => {
    const top = stack.at(-1);
    if (top) top.node.text += text;
    else if (text.trim() !== '') fail('text outside the root');
  };

  if (source.startsWith('<?xml', at)) at = skipTo('?>', at) + 2;
  while (at < source.length) {
    const open = source.indexOf('<', at);
    if (open !== at) {
      const end = open < 0 ? source.length : open;
      addText(decodeEntities(source.slice(at, end)));
      at = end;
      continue;
    }
    if (source.startsWith('<!--', at)) {
      at = skipTo('-->', at + 4) + 3;
    } else if (source.startsWith('<![CDATA[', at)) {
      const end = skipTo(']]>', at + 9);
      addText(source.slice(at + 9, end));
      at = end + 3;
    } else if (source.startsWith('</', at)) {
      at += 2;
      const tag = name();
      space();
      if (source[at] !== '>' || stack.pop()?.tag !== tag) fail(`unexpected </${tag.slice(0, 64)}>`);
      at++;
    } else if (source[at + 1] === '!' || source[at + 1] === '?') {
      fail('declarations and processing instructions are not allowed');
    } else {
      at++;
      const tag = name();
      if (++nodes > limits.nodes) fail('too many elements');
      if (stack.length >= limits.depth) fail('nested too deeply');
      const node: XmlNode = { name: localName(tag), attributes: {}, children: [], text: '' };
      const seen = new Set<string>();
      for (;;) {
        space();
        if (source[at] === '>' || source[at] === '/') break;
        const attribute = name();
        if (seen.has(attribute)) fail('duplicate attribute');
        if (seen.size >= 100) fail('too many attributes');
        seen.add(attribute);
        space();
        if (source[at] !== '=') fail('bad attribute');
        at++;
        space();
        const quote = source[at];
        if (quote !== '"' && quote !== "'") fail('bad attribute');
        const end = skipTo(quote as string, at + 1);
        const value = source.slice(at + 1, end);
        if (value.includes('<')) fail('bad attribute');
        if (attribute !== '__proto__') node.attributes[attribute] = decodeEntities(value);
        at = end + 1;
      }
      const parent = stack.at(-1);
      if (parent) parent.node.children.push(node);
      else if (root) fail('more than one root');
      else root = node;
      if (source[at] === '/') {
        if (source[at + 1] !== '>') fail('bad tag');
        at += 2;
      } else {
        at++;
        stack.push({ node, tag });
      }
    }
  }
  if (stack.length > 0) fail('ends too early');
  return root ?? fail('no element');
}

function localName(tag: string): string {
  const colon = tag.indexOf(':');
  return colon < 0 ? tag : tag.slice(colon + 1);
}

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  return text.replace(/\r\n?/g, '\n').replace(/&([^;&]{0,12});?/g, (whole, entity: string) => {
    if (!whole.endsWith(';')) throw new Malformed('XML: bad entity');
    const known = Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity] : undefined;
    if (known !== undefined) return known;
    const code = /^#\d{1,7}$/.test(entity)
      ? Number(entity.slice(1))
      : /^#x[\dA-Fa-f]{1,6}$/.test(entity)
        ? Number.parseInt(entity.slice(2), 16)
        : Number.NaN;
    const allowed =
      code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
    if (!allowed) throw new Malformed('XML: unknown entity');
    return String.fromCodePoint(code);
  });
}
