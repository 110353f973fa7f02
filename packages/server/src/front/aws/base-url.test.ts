import { expect, it } from 'vitest';
import { baseUrlOf } from './base-url.ts';

it.each([
  'localhost',
  'localhost:4566',
  '127.0.0.1:4566',
  'Cloud.Example.com',
  'my_cloud.lan:80',
  '[::1]:4566',
  '[fd00::1]',
])('URLs begin with the host as its client wrote it: %s', (host) => {
  expect(baseUrlOf('http', host)).toBe(`http://${host}`);
  expect(new URL(baseUrlOf('https', host)).protocol).toBe('https:');
});

it.each([
  undefined,
  '',
  'a b',
  'a/b',
  'user@host',
  'host?x',
  'host#x',
  'a:b',
  'a:123456',
  '[::1',
  '-a',
  'a"><b',
  'a\\b',
  'ä',
  'a'.repeat(254),
])('no URL is made of a Host that is none: %s', (host) => {
  expect(() => baseUrlOf('http', host)).toThrow(/^the Host header '.*' is not a host name with an optional port$/);
});
