import { describe, expect, it } from 'vitest';
import { cloudAgainstFakeServer, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

describe('exec', () => {
  const result = { exit_code: 7, stdout: 'out\n', stderr: 'err\n', truncated: false, timed_out: false };

  it('keeps the streams apart and ends as the command did', async () => {
    at.answer = () => ({ data: result });
    expect(await at.cloud(words('instances exec web --timeout 5 -- ls -la --wait x'))).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(at.seen[0]).toMatchObject({
      path: '/instances/web/exec',
      body: { command: ['ls', '-la', '--wait', 'x'], timeout: 5 },
    });
    expect(at.seen[0]!.body).not.toHaveProperty('stdin');
  });

  it('passes on what is piped in, if it is text', async () => {
    at.answer = () => ({ data: { ...result, exit_code: 0 } });
    expect((await at.cloud(words('instances exec web -- cat'), { stdin: 'grüße\n' })).code).toBe(0);
    expect(at.seen[0]!.body).toMatchObject({ stdin: 'grüße\n' });
    await at.cloud(words('instances exec web --no-stdin -- cat'), { stdin: 'x' });
    expect(at.seen[1]!.body).not.toHaveProperty('stdin');
    const binary = await at.cloud(words('instances exec web -- cat'), { stdin: new Uint8Array([0xff, 0xfe]) });
    expect(binary).toMatchObject({ code: 2 });
    expect(binary.stderr).toContain('not UTF-8');
  });

  it('says when the time was up or much was dropped', async () => {
    at.answer = () => ({ data: { ...result, truncated: true, timed_out: true } });
    const ended = await at.cloud(words('instances exec web -- yes'));
    expect(ended.code).toBe(124);
    expect(ended.stderr).toContain('more than 1 MiB');
    expect(ended.stderr).toContain('--timeout');
  });
});
