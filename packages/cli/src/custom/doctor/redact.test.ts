import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createRedactor, REMOVED } from './redact.ts';

const masterKey = randomBytes(32);
const password = 'p&ss w"rd/ä+1';
const clean = createRedactor([masterKey, password]);

it.each([
  ['as hex', masterKey.toString('hex')],
  ['as base64', masterKey.toString('base64')],
  ['as base64url', masterKey.toString('base64url')],
  ['as it is', password],
  ['in a URL', encodeURIComponent(password)],
  ['in JSON', JSON.stringify(password).slice(1, -1)],
  ['encoded', Buffer.from(password).toString('base64')],
])('removes a known secret %s', (_, form) => {
  expect(clean(`a ${form} b`)).toBe(`a ${REMOVED} b`);
});

const AWS_SECRET = 'wJalrXUtnFEMIaK7MDENGabPxRfiCYEXAMPLEKEY1';
it.each([
  ['an API key', `thecloud_${'0a'.repeat(16)}`],
  ['a key in a header', 'x-api-key: abcdefgh'],
  ['a password in JSON', '{"password":"short"}'],
  ['a password with quotes in JSON', String.raw`{"new_password":"a\"b c"}`],
  ['a setting', 'CLOUD_SOME_SECRET=hunter2'],
  ['a bearer', 'authorization: Bearer abc.def.ghi'],
  ['an AWS secret', AWS_SECRET],
  ['an AWS access key id', 'AKIAIOSFODNN7EXAMPLE'],
  ['a sealed value', `v1.${randomBytes(12).toString('base64url')}.${randomBytes(40).toString('base64url')}`],
  ['a ticket', randomBytes(32).toString('base64url')],
  ['a hash', randomBytes(32).toString('hex')],
  ['a bcrypt hash', '$2b$10$CwTycUXWue0Thq9StjUM0uJ8O2rLk0o1kM4mJ7hO8Z0q0o8eWlJm2'],
  ['a presigned URL', 'https://x/y?X-Amz-Signature=abcdef0123456789'],
  ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIE\nabc\n-----END PRIVATE KEY-----'],
])('removes %s, which it has never seen', (_, secret) => {
  const kept = clean(`before ${secret} after`);
  expect(kept).toContain(REMOVED);
  for (const part of secret
    .split(/[\s:="{},]+/)
    .filter(
      (word) =>
        word.length > 4 &&
        !/^(x-api-key|new_password|password|authorization|Bearer|BEGIN|PRIVATE|CLOUD_SOME_SECRET|https?|-----.*|KEY-----)$/i.test(
          word,
        ),
    ))
    if (!part.startsWith('//')) expect(kept).not.toContain(part);
});

it('removes the user and the password of a URL, and keeps where it leads', () => {
  expect(clean('smtp://anna:s3cret@mail.example.com:587/x')).toBe(`smtp://${REMOVED}@mail.example.com:587/x`);
});

it('removes a password with an @ to its end', () => {
  expect(clean('to smtp://anna:s3@cr@et@mail.example.com:587')).toBe(`to smtp://${REMOVED}@mail.example.com:587`);
});

it.each([
  '{"level":30,"time":1764504000000,"msg":"the host has recovered","host":"box-1a2b3c4d"}',
  'request 01900000-0000-7000-8000-000000000001 of tenant 01a22d6e-ad97-7297-b84d-a284cbd19928',
  'thecloud_operation_duration_seconds_bucket{operation="instances.launch",outcome="ok",le="0.005"} 12',
  'cannot limit the size of /var/lib/thecloud/logs/postgres.log: no space left on device',
  '2026-11-30 16:54:13.123 UTC [4711] LOG:  database system is ready to accept connections',
])('keeps what helps: %s', (line) => {
  expect(clean(line)).toBe(line);
});
