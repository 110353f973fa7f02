import { expect, it } from 'vitest';
import { parseXml } from '../src/codec/xml-parse.ts';
import { escapeXml, XmlCodec } from '../src/codec/xml.ts';
import { loadModel, type StructShape } from '../src/index.ts';

it('keeps line breaks and tabs of an attribute from being read as spaces', () => {
  const grant = loadModel('s3').operation('GetBucketAcl').output?.byName.get('Grants')?.shape;
  const grantee =
    grant?.kind === 'list' ? (grant.element.shape as StructShape).byName.get('Grantee')?.shape : undefined;
  const written = new XmlCodec().write(grantee as StructShape, { Type: 'a\nb\tc"d' }, 'Grantee');
  expect(written).toContain('xsi:type="a&#xA;b&#x9;c&quot;d"');
  expect(parseXml(written, { depth: 9, nodes: 9 }).attributes['xsi:type']).toBe('a\nb\tc"d');
  expect(escapeXml('a\nb')).toBe('a\nb');
});

it('writes spaces for what XML cannot carry, which would make the whole answer unreadable', () => {
  expect(escapeXml('a\u0000b\u001fc\ufffed\uffffe\u007f\t\n😀')).toBe('a b c d e\u007f\t\n😀');
});
