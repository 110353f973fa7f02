import { describe, expect, it } from 'vitest';
import { mayReach, ownAddresses } from './addresses.ts';

const NONE: readonly string[] = [];

describe('an address that calls of tenants may not reach', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.169.254',
    '169.254.170.2',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.1.1.1',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::7f00:1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::FFFF:10.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:0:127.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::10.0.0.1',
    '64:ff9b:1::8.8.8.8',
    '64:ff9b:0:1::808:808',
    '100::1',
    '2001::1',
    '2001:2::1',
    '2001:10::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'ff0e::1',
    '4000::1',
    'e000::1',
  ])('is %s', (address) => {
    expect(mayReach(address, NONE, NONE)).toBe(false);
  });

  it.each([
    '',
    'localhost',
    '127.1',
    '0x7f000001',
    '2130706433',
    '0177.0.0.1',
    '127.0.0.1 ',
    '1.1.1.1%eth0',
    '[::1]',
    '8.8.8.8:80',
    '８.8.8.8',
  ])('is no address in its usual form: %j', (text) => {
    expect(mayReach(text, ['0.0.0.0/0', '::/0'], NONE)).toBe(false);
  });

  it('is one of this machine, though it is public, in every form', () => {
    const own = ['127.0.0.1', '8.8.8.8', '2606:4700::1111', 'fe80::1'];
    for (const address of [
      '8.8.8.8',
      '::ffff:8.8.8.8',
      '64:ff9b::8.8.8.8',
      '2606:4700::1111',
      '2606:4700:0:0:0:0:0:1111',
    ])
      expect(mayReach(address, NONE, own), address).toBe(false);
    expect(ownAddresses()).toContain('127.0.0.1');
  });
});

describe('an address that calls of tenants may reach', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450::1',
    '::ffff:8.8.8.8',
    '64:ff9b::8.8.8.8',
  ])('is %s', (address) => {
    expect(mayReach(address, NONE, NONE)).toBe(true);
  });

  it('is in a network that the operator allows, in that one alone', () => {
    const allowed = ['192.168.7.0/24', '10.1.2.3', 'fd00::/8'];
    for (const address of ['192.168.7.9', '::ffff:192.168.7.9', '10.1.2.3', 'fd00::5'])
      expect(mayReach(address, allowed, [address]), address).toBe(true);
    for (const address of ['192.168.8.9', '10.1.2.4', '127.0.0.1', '169.254.169.254', 'fe80::1'])
      expect(mayReach(address, allowed, NONE), address).toBe(false);
  });
});
