import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostNameOf, refuseReservedName } from './host-name.ts';

const ID = '0198c0de-0000-7000-8000-00ABCDEF0123';

describe('a host name', () => {
  it.each([
    ['web', 'web'],
    ['Web-1', 'web-1'],
    ['a--b', 'a--b'],
    // Resolvers take these for addresses.
    ['42', 'i-42'],
    ['0x7f', 'i-0x7f'],
    ['7'.repeat(63), `i-${'7'.repeat(61)}`],
    ['4a', '4a'],
    ['x'.repeat(63), 'x'.repeat(63)],
    ['my_inst', 'my-inst'],
    ['My__Inst', 'my-inst'],
    ['wéb', 'web'],
    ['we\u0301b', 'web'],
    ['Büro_2', 'buro-2'],
    ['Straße', 'stra-e'],
    ['ﬁle', 'file'],
    ['İzmir', 'izmir'],
    ['_web_', 'web'],
    ['-web-', 'web'],
    ['a'.repeat(64), 'a'.repeat(63)],
    ['A'.repeat(64), 'a'.repeat(63)],
    [`${'a'.repeat(62)}_b`, 'a'.repeat(62)],
    ['é'.repeat(64), 'e'.repeat(63)],
    ['пароль', 'i-00abcdef0123'],
    ['服务器', 'i-00abcdef0123'],
    ['___', 'i-00abcdef0123'],
    ['服务器-7', 'i-7'],
  ])('of %s is %s', (name, hostName) => {
    expect(hostNameOf(name, ID)).toBe(hostName);
  });

  it('is a DNS label in lower case, whatever the name; of a host name it is the name itself', () => {
    const letter = fc.constantFrom(...Array.from('abzABZ019_-éÜßﬁжκ服İ٣Ⅷ𝒜'));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: letter, maxLength: 64 }), fc.string({ unit: 'binary' })), (name) => {
        const hostName = hostNameOf(name, ID);
        expect(hostName).toMatch(/^(?!(\d+|0x[0-9a-f]+)$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        expect(hostNameOf(hostName, ID)).toBe(hostName);
        expect(hostNameOf(name, ID)).toBe(hostName);
      }),
    );
  });

  it.each(['localhost', 'Gateway', '_router_'])('that means something else already is refused: %s', (name) => {
    const hostName = hostNameOf(name, ID);
    expect(() => refuseReservedName(name, hostName)).toThrow(
      `name '${name}' gives the host name '${hostName}', which is reserved; choose another name`,
    );
    expect(() => refuseReservedName(`${name}1`, hostNameOf(`${name}1`, ID))).not.toThrow();
  });
});
