import { describe, expect, it } from 'vitest';
import { cloudAgainstFakeServer, DB, NOT_FOUND, WEB, words } from './testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

describe('mistakes', () => {
  it.each([
    ['instnces list', "unknown command 'instnces'\n(Did you mean instances?)"],
    ['instances lst', "unknown command 'lst'\n(Did you mean list?)"],
    ['instances list --limt 3', "unknown option '--limt'\n(Did you mean --limit?)"],
    [
      'instances list --limit 0',
      "option '--limit <n>' argument '0' is invalid. It must be a whole number from 1 to 1000.",
    ],
    ['instances list -o xml', "argument 'xml' is invalid. Allowed choices are table, json, yaml."],
    ['instances launch web', "required option '--image <text>' not specified"],
    ['instances launch web --image busybox --label x', "argument 'x' is invalid. It must read key=value."],
    ['instances get', "missing required argument 'id'"],
    ['instances exec web ls', 'cloud instances exec web -- ls'],
    ['instances exec web', "missing required argument 'command'"],
    ['api GET instances', "the path 'instances' must begin with /"],
    ['api FETCH /x', 'Allowed choices are GET'],
    ['instances list --endpoint localhost', "endpoint 'localhost' is not a URL"],
    ['', 'Usage: cloud'],
  ])('%s', async (line, told) => {
    const ended = await at.cloud(line === '' ? [] : words(line));
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(told);
    expect(at.seen).toHaveLength(0);
  });

  it('names the nearest name when there is no such thing', async () => {
    at.answer = ({ path }) => (path === '/instances' ? { data: [DB, WEB] } : NOT_FOUND);
    const ended = await at.cloud(words('instances stop wbe'));
    expect(ended).toEqual({
      code: 4,
      stdout: '',
      stderr: "cloud: instance 'wbe' does not exist. Did you mean 'web'?\n",
    });
  });

  it('ends with 3 where nobody is logged in', async () => {
    const none = await at.cloud(words('instances list'), { env: { CLOUD_API_KEY: '' } });
    expect(none).toMatchObject({ code: 3 });
    expect(none.stderr).toContain(`not logged in at ${at.endpoint}. Log in: cloud login`);
    at.answer = () => ({
      status: 401,
      error: { code: 'UNAUTHORIZED', message: 'this API key is unknown, revoked or expired' },
    });
    const expired = await at.cloud(words('instances list'));
    expect(expired).toMatchObject({ code: 3 });
    expect(expired.stderr).toBe(
      `cloud: this API key is unknown, revoked or expired. Log in at ${at.endpoint}: cloud login\n`,
    );
  });

  it('says where it looked when nobody answers', async () => {
    const ended = await at.cloud(words('vpcs create main'), { env: { CLOUD_ENDPOINT: 'http://127.0.0.1:1' } });
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.stderr).toMatch(/^cloud: http:\/\/127.0.0.1:1 cannot be reached \(.+\). Is the platform running/);
  });

  it('names the request that broke', async () => {
    at.answer = () => ({ status: 500, error: { code: 'INTERNAL', message: 'something broke' } });
    expect((await at.cloud(words('instances stop web'))).stderr).toBe('cloud: something broke [request request-1]\n');
  });
});

describe('the rest', () => {
  it('sends any request', async () => {
    at.answer = () => ({ data: [1] });
    const ended = await at.cloud(['api', 'post', '/vpcs?x=1', '-d', '@-', '-H', 'If-Match: "3"'], {
      stdin: '{"name":"main"}',
    });
    expect(JSON.parse(ended.stdout)).toMatchObject({ data: [1] });
    expect(at.seen[0]).toMatchObject({ method: 'POST', path: '/vpcs', body: { name: 'main' } });
    expect(at.seen[0]!.headers['if-match']).toBe('"3"');
    expect(await at.cloud(['api', 'POST', '/vpcs', '-d', '{'])).toMatchObject({ code: 2 });
  });

  it('completes what it knows', async () => {
    const offers = async (...line: string[]) =>
      (await at.cloud(['__complete', '--', ...line])).stdout.split('\n').slice(0, -1);
    expect(await offers('inst')).toEqual(['instance-types', 'instances']);
    expect(await offers('instances', 'l')).toEqual(['launch', 'list', 'logs']);
    expect(await offers('instances', 'launch', 'web', '--im')).toEqual(['--image']);
    expect(await offers('instances', 'list', '-o', '')).toEqual(['table', 'json', 'yaml']);
    expect(await offers('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await offers('instances', 'exec', 'web', '--', 'l')).toEqual([]);
  });

  it('prints its version', async () => {
    expect(await at.cloud(['version'])).toEqual({ code: 0, stdout: 'cloud 0.1.0\n', stderr: '' });
    expect(await at.cloud(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });
});
