import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cloudAgainstFakeServer, words } from '../testing/cloud-against.ts';

const at = cloudAgainstFakeServer();
const SECRET = { id: 's1', name: 'db', status: 'ACTIVE', labels: {}, version: 1 };
const revealed = (value: string, encoding = 'text'): void => {
  at.answer = () => ({
    data: { id: 's1', name: 'db', value, encrypted_value: value, encoding, version_id: 'v', stages: [] },
  });
};
const bodies = () => at.seen.map(({ body }) => body);

describe('secrets create and put', () => {
  it('take the value from a pipe or a file, without the line break at its end', async () => {
    at.answer = () => ({ status: 201, data: SECRET });
    const path = join(at.homeDir, 'value');
    writeFileSync(path, 'from a file\r\n');
    await at.cloud(words('secrets create db'), { stdin: 'piped ✓\n' });
    await at.cloud(['secrets', 'create', 'db', '--file', path, '--description', 'd']);
    await at.cloud(words('secrets put db --exact'), { stdin: 'exact\n' });
    expect(bodies()).toEqual([
      { name: 'db', value: 'piped ✓' },
      { name: 'db', value: 'from a file', description: 'd' },
      { value: 'exact\n' },
    ]);
  });

  it('send what is no text as it is, in base64', async () => {
    at.answer = () => ({ status: 201, data: SECRET });
    const path = join(at.homeDir, 'bytes');
    writeFileSync(path, Buffer.from([0, 255, 10]));
    await at.cloud(['secrets', 'put', 'db', '--file', path]);
    expect(bodies()).toEqual([{ value: 'AP8K', encoding: 'base64' }]);
  });

  it('ask at a terminal, where nobody sees the value', async () => {
    at.answer = () => ({ status: 201, data: SECRET });
    const ended = await at.cloud(words('secrets put db'), { typed: ['typed value'] });
    expect(bodies()).toEqual([{ value: 'typed value' }]);
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('typed value');
  });

  it('know no flag for a value, which every process would see', async () => {
    const ended = await at.cloud(words('secrets put db --value x'));
    expect([ended.code, ended.stderr]).toEqual([2, expect.stringContaining("unknown option '--value'")]);
    expect(at.seen).toEqual([]);
  });

  it('make a random password, or a secret without a value', async () => {
    at.answer = () => ({ status: 201, data: SECRET });
    await at.cloud(words('secrets create db --generate-length 20'));
    await at.cloud(words('secrets create db --without-value'));
    expect(bodies()).toEqual([{ name: 'db', generate_length: 20 }, { name: 'db' }]);
    const both = await at.cloud(words('secrets create db --without-value --generate-length 20'));
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude each other') });
  });

  it('refuse what is empty or too long before it is sent', async () => {
    expect((await at.cloud(words('secrets put db'), { stdin: '\n' })).stderr).toContain('standard input is empty');
    const long = await at.cloud(words('secrets put db'), { stdin: 'x'.repeat(70_000) });
    expect(long).toMatchObject({ code: 2, stderr: expect.stringContaining('more than 65536 bytes') });
    expect(at.seen).toEqual([]);
  });
});

describe('secrets reveal', () => {
  it('prints the bytes of the value and nothing else to a pipe', async () => {
    revealed('a\u001b[31m\nb');
    expect(await at.cloud(words('secrets reveal db'))).toMatchObject({ code: 0, stdout: 'a\u001b[31m\nb', stderr: '' });
    expect(at.seen).toMatchObject([{ method: 'GET', path: '/secrets/db' }]);
  });

  it('prints a line that cannot command a terminal to one', async () => {
    revealed('a\u001b[31m\nb');
    const ended = await at.cloud(words('secrets reveal db'), { typed: [] });
    expect(ended.stdout).toBe('a\\x1b[31m\nb\n');
    revealed('AP8=', 'base64');
    const bytes = await at.cloud(words('secrets reveal db'), { typed: [] });
    expect(bytes).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('bytes and not text') });
  });

  it('prints the whole answer as JSON if it is asked to', async () => {
    revealed('x');
    const ended = await at.cloud(words('secrets reveal db --stage AWSPREVIOUS -o json'));
    expect(JSON.parse(ended.stdout)).toMatchObject({ value: 'x', version_id: 'v' });
    expect(at.seen[0]!.query.get('stage')).toBe('AWSPREVIOUS');
  });

  it('writes a new file that its owner alone can read, and no other', async () => {
    revealed('AP8=', 'base64');
    const path = join(at.homeDir, 'out');
    expect(await at.cloud(['secrets', 'reveal', 'db', '--file', path])).toMatchObject({ code: 0, stdout: '' });
    expect(readFileSync(path)).toEqual(Buffer.from([0, 255]));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await at.cloud(['secrets', 'reveal', 'db', '--file', path]);
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be written') });
  });
});
