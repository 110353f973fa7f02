import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatewayOf, hostRange, parseVpcCidr } from './cidr.ts';

const toNumber = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const toText = (address: number) => [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');

const privateAddress = fc.oneof(
  fc.integer({ min: toNumber('10.0.0.0'), max: toNumber('10.255.255.255') }),
  fc.integer({ min: toNumber('172.16.0.0'), max: toNumber('172.31.255.255') }),
  fc.integer({ min: toNumber('192.168.0.0'), max: toNumber('192.168.255.255') }),
);
const network = fc
  .tuple(privateAddress, fc.integer({ min: 16, max: 28 }))
  .map(([address, prefix]) => ({ base: address - (address % 2 ** (32 - prefix)), prefix }));
const written = (cidr: { base: number; prefix: number }) => `${toText(cidr.base)}/${cidr.prefix}`;

describe('a CIDR of a VPC', () => {
  it('is read as it was written, whatever network it is', () => {
    fc.assert(
      fc.property(network, (cidr) => {
        const { network, prefix } = parseVpcCidr(written(cidr));
        expect([network.toString(), prefix]).toEqual([toText(cidr.base), cidr.prefix]);
      }),
    );
  });

  it('has its gateway first, then the instances, then the broadcast', () => {
    fc.assert(
      fc.property(network, (cidr) => {
        const parsed = parseVpcCidr(written(cidr));
        const { first, last } = hostRange(parsed);
        expect(toNumber(gatewayOf(parsed))).toBe(cidr.base + 1);
        expect(toNumber(first)).toBe(cidr.base + 2);
        expect(toNumber(last)).toBe(cidr.base + 2 ** (32 - cidr.prefix) - 2);
        expect(toNumber(last)).toBeGreaterThan(toNumber(first));
      }),
    );
  });

  it('with host bits is refused, and what was meant is said', () => {
    fc.assert(
      fc.property(network, fc.integer({ min: 1, max: 15 }), (cidr, host) => {
        const given = written({ ...cidr, base: cidr.base + host });
        expect(() => parseVpcCidr(given)).toThrow(`did you mean ${written(cidr)}?`);
      }),
    );
  });

  it('never throws anything but INVALID_INPUT', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/)), (text) => {
        try {
          const { network, prefix } = parseVpcCidr(text);
          const base = toNumber(network.toString());
          expect([prefix >= 16, prefix <= 28, base % 2 ** (32 - prefix)]).toEqual([true, true, 0]);
          expect(written({ base, prefix })).toBe(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_INPUT' });
        }
      }),
    );
  });

  it.each([
    ['10.0.0.0/15', 'between /16 and /28'],
    ['10.0.0.0/33', 'between /16 and /28'],
    ['10.0.0.0/29', 'between /16 and /28'],
    ['10.0.0.0', 'not an IPv4 network'],
    ['10.0.0/16', 'not an IPv4 network'],
    ['256.0.0.0/16', 'not an IPv4 network'],
    ['10.0.0.0/16 ', 'not an IPv4 network'],
    ['fd00::/64', 'not an IPv4 network'],
    ['010.0.0.0/16', 'write 10.0.0.0/16'],
    ['10.00.0.0/16', 'write 10.0.0.0/16'],
    ['10.000.000.000/16', 'write 10.0.0.0/16'],
    ['08.0.0.0/16', 'write 8.0.0.0/16'],
    ['10.0.0.0/016', 'not an IPv4 network'],
    ['11.0.0.0/16', 'not private'],
    ['172.32.0.0/16', 'not private'],
    ['172.15.0.0/16', 'not private'],
    ['192.169.0.0/16', 'not private'],
    ['198.18.0.0/16', 'not private'],
    ['100.64.0.0/16', 'not private'],
    ['127.0.0.0/16', 'not private'],
  ])('%s is refused: %s', (text, why) => {
    expect(() => parseVpcCidr(text)).toThrow(why);
  });
});
