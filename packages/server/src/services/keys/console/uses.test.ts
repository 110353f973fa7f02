import { describe, expect, it } from 'vitest';
import { endAfter, linesOf, reachedAt } from './uses.ts';

const AWS = { endpoint: 'http://127.0.0.1:4566', region: 'eu-1', accessKeyId: 'AKIA1', secret: 's3cret' };

describe('the lines that use a key', () => {
  it('have the platform’s address, its region and the key in them', () => {
    const lines = linesOf({ endpoint: 'https://cloud.example.com', key: 'thecloud_1', aws: AWS });
    expect(lines.map(({ title }) => title)).toEqual(['cloud', 'curl', 'AWS environment', 'aws configure', 'boto3']);
    for (const { text } of lines.slice(0, 2)) {
      expect(text).toContain('https://cloud.example.com');
      expect(text).toContain('thecloud_1');
    }
    for (const { text } of lines.slice(2)) for (const part of Object.values(AWS)) expect(text, text).toContain(part);
  });

  it('name what is missing where the secret is not known any more', () => {
    const { secret: _, ...known } = AWS;
    const lines = linesOf({ endpoint: 'http://here', aws: known });
    expect(lines[0]!.text).toContain('CLOUD_API_KEY=<key>');
    expect(lines[2]!.text).toContain('AWS_SECRET_ACCESS_KEY=<aws_secret_access_key>');
  });

  it('have none for AWS where the platform has no AWS API', () => {
    expect(linesOf({ endpoint: 'http://here', key: 'k' })).toHaveLength(2);
  });
});

describe('an address at which the platform listens', () => {
  it('is at the page’s host if that is everywhere', () => {
    expect(reachedAt('http://0.0.0.0:4566', 'cloud.example.com')).toEqual({
      endpoint: 'http://cloud.example.com:4566',
      isNear: false,
    });
    expect(reachedAt('http://[::]:4566', '192.0.2.1').endpoint).toBe('http://192.0.2.1:4566');
  });

  it('is near if it is the loopback and the page is elsewhere', () => {
    expect(reachedAt('http://127.0.0.1:4566', 'cloud.example.com').isNear).toBe(true);
    expect(reachedAt('http://[::1]:4566', '192.0.2.1').isNear).toBe(true);
    expect(reachedAt('http://127.0.0.1:4566', 'localhost').isNear).toBe(false);
    expect(reachedAt('http://10.0.0.4:4566', 'localhost').isNear).toBe(false);
  });
});

it('a key that lasts for days ends after them, and one for ever never', () => {
  expect(endAfter(30, Date.UTC(2030, 0, 1))).toBe('2030-01-31T00:00:00.000Z');
  expect(endAfter(0, 0)).toBeUndefined();
});
