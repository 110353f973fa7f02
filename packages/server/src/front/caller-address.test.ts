import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { sourceOf } from '../kernel/source.ts';
import { createClientSide, soundAddress } from './caller-address.ts';

const from = (remoteAddress: string | undefined) => ({ remoteAddress }) as Socket;

describe("a caller's address", () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:c000:207', '192.0.2.7'],
    ['0:0:0:0:0:ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['fe80::1%eth0', 'fe80::1'],
    [`fe80::1%${'z'.repeat(100)}`, 'fe80::1'],
    ['::1', '::1'],
    ['::', '::'],
  ])('of %s is %s', (given, address) => {
    expect(soundAddress(given, from('10.0.0.1'))).toBe(address);
    expect(soundAddress(undefined, from(given))).toBe(address);
  });

  it("is the connection's where no address is claimed", () => {
    for (const claimed of [undefined, '', 'unknown', '1.2.3', '1.2.3.4:80', '[::1]', 'x'.repeat(10_000)])
      expect(soundAddress(claimed, from('10.0.0.1'))).toBe('10.0.0.1');
    expect(soundAddress(undefined, from(undefined))).toBe('unknown');
  });
});

describe("the scheme of a client's URL", () => {
  const request = (remoteAddress: string, forwarded?: string, more: object = {}) =>
    ({
      socket: { remoteAddress, ...more },
      headers: forwarded === undefined ? {} : { 'x-forwarded-proto': forwarded },
    }) as unknown as IncomingMessage;
  const { schemeOf } = createClientSide(['10.0.0.1']);

  it('is what a trusted proxy says, and nobody else', () => {
    expect(schemeOf(request('10.0.0.1', 'https'))).toBe('https');
    expect(schemeOf(request('10.0.0.1', 'http, https'))).toBe('https');
    expect(schemeOf(request('::ffff:10.0.0.1', 'https'))).toBe('https');
    expect(schemeOf(request('10.0.0.1', 'https, http'))).toBe('http');
    expect(schemeOf(request('10.0.0.1', 'javascript'))).toBe('http');
    expect(schemeOf(request('10.0.0.1'))).toBe('http');
    expect(schemeOf(request('10.0.0.2', 'https'))).toBe('http');
    expect(createClientSide([]).schemeOf(request('10.0.0.1', 'https'))).toBe('http');
  });

  it('is https on a TLS connection', () => {
    expect(schemeOf(request('10.0.0.2', undefined, { encrypted: true }))).toBe('https');
  });
});

describe('the source that limits count', () => {
  it('is a /64 of IPv6, whichever of its addresses is used and however it is written', () => {
    const mine = ['2001:db8:1:2::', '2001:db8:1:2::1', '2001:0DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2:0:0:1.2.3.4'];
    expect(new Set(mine.map(sourceOf))).toEqual(new Set(['2001:db8:1:2::/64']));
    expect(sourceOf('2001:db8:1:3::1')).not.toBe(sourceOf(mine[0]!));
    expect([sourceOf('::1'), sourceOf('fe80::1')]).toEqual(['0:0:0:0::/64', 'fe80:0:0:0::/64']);
  });

  it('is the address itself of IPv4', () => {
    expect([sourceOf('192.0.2.7'), sourceOf('unknown')]).toEqual(['192.0.2.7', 'unknown']);
  });
});
