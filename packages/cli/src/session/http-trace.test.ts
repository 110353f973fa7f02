import { expect, it } from 'vitest';
import { cloudAgainstFakeServer, KEY, NOT_FOUND, WEB, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
const exchange = (stderr: string) => stderr.split('\n').filter((line) => /^[<>] /.test(line));

it('the HTTP exchange is shown on standard error, and the output stays as it is', async () => {
  at.answer = () => ({ status: 202, data: WEB });
  const plain = await at.cloud(words('instances launch web --image busybox -o json'));
  const ended = await at.cloud(words('instances launch web --image busybox -o json --debug'));
  expect(ended).toMatchObject({ code: 0, stdout: plain.stdout });
  const lines = exchange(ended.stderr);
  expect(lines[0]).toBe(`> POST ${at.endpoint}/instances`);
  expect(lines).toContain('> x-api-key: [hidden]');
  expect(lines).toContain(
    '> {"image":"busybox","name":"web"}'.replace('{"image":"busybox","name":"web"}', JSON.stringify(at.seen[1]!.body)),
  );
  expect(lines.find((line) => line.startsWith('< 202'))).toMatch(/^< 202 .*\(\d+ ms\)$/);
  expect(lines.at(-1)).toContain('"status":"RUNNING"');
  expect(ended.stderr).not.toContain(KEY);
  expect(plain.stderr).toBe('');
});

it('secrets that are sent or answered are hidden, wherever they stand', async () => {
  const secret = 'hush-hush-hush';
  at.answer = () => ({
    data: {
      user: { email: 'a@b' },
      api_key: secret,
      key: secret,
      value: secret,
      encrypted_value: secret,
      nested: [
        {
          aws_secret_access_key: secret,
          recovery_codes: [secret],
          uri: `otpauth://totp/a@b?secret=${secret}&digits=6`,
        },
      ],
      expires_at: '2026-02-01T00:00:00Z',
    },
  });
  for (const [line, stdin] of [
    ['login --email a@b --password-stdin --debug', secret],
    ['--debug keys create ci -q', ''],
    [`api POST /x?token=${secret} -d {"password":"${secret}"} --debug`, ''],
    [`api GET /invitations/0123456789abcdef0123456789abcdef${'a'.repeat(11)} --debug`, ''],
  ] as const) {
    const ended = await at.cloud(words(line), { stdin });
    expect(ended.code, ended.stderr).toBe(0);
    const shown = exchange(ended.stderr).join('\n');
    expect(shown, line).toContain('[hidden]');
    expect(shown, line).not.toContain(secret);
    expect(shown, line).not.toContain('0123456789abcdef0123456789abcdef');
    expect(shown, line).toContain('a@b');
  }
});

it('a refusal, a retry and a platform that is not there are shown too', async () => {
  at.answer = () => NOT_FOUND;
  const refused = await at.cloud(words('instances stop wbe --debug'));
  expect(refused.code).toBe(4);
  expect(exchange(refused.stderr).filter((line) => line.startsWith('< 404'))).not.toEqual([]);
  expect(refused.stderr).toContain('"code":"NOT_FOUND"');
  const nobody = await at.cloud(words('vpcs list --debug'), { env: { CLOUD_ENDPOINT: 'http://127.0.0.1:1' } });
  expect(nobody.code).toBe(8);
  expect(exchange(nobody.stderr).filter((line) => line.includes('no answer after')).length).toBeGreaterThan(1);
});
