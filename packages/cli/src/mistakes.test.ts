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
    ['instances list -o xml', "argument 'xml' is invalid. Allowed choices are table, json, yaml, name."],
    ['instances list --columns nmae', "column 'nmae' does not exist. Did you mean 'name'? Columns: id, user_id"],
    ['vpcs list --sort -nothing', "column 'nothing' does not exist. Columns: id, user_id"],
    ['vpcs create main --sort name', "unknown option '--sort'"],
    ['instances launch web', "required option '--image <text>' not specified"],
    ['instances launch web --image busybox --label x', "argument 'x' is invalid. It must have the form key=value."],
    ['instances launch web --image busybox --env x', "argument 'x' is invalid. It must have the form KEY=value."],
    ['instances launch web --image busybox --env 1=x', "argument '1=x' is invalid. It must have the form KEY=value."],
    ['instances launch web --imag busybox', "unknown option '--imag'\n(Did you mean --image?)"],
    ['instances get', "missing required argument 'id'"],
    ['instances get ..', "'..' is not an id or a name"],
    ['instances delete .', "'.' is not an id or a name"],
    ['instances exec web sh -c x', 'put a command after --, as in: cloud instances exec <id> -- <command...>'],
    ['instances frobnicate', 'See: cloud instances --help'],
    ['frobnicate', 'See: cloud --help'],
    ['login --emial x', 'See: cloud login --help'],
    ['help instnces', "unknown command 'instnces'. Did you mean 'instances'? See: cloud help"],
    ['help instances frobnicate', "unknown command 'frobnicate'. See: cloud help instances"],
    ['instances exec web ls', 'cloud instances exec web -- ls'],
    ['instances exec web', "missing required argument 'command'"],
    ['api GET instances', "the path 'instances' must begin with /"],
    ['api GET /vpcs/..', "the path '/vpcs/..' contains . or .. as a segment; write the full path without it"],
    ['api GET /vpcs/%2E./x', 'contains . or .. as a segment'],
    ['api GET /vpcs\\..\\instances', 'contains . or .. as a segment'],
    ['instances get -x', 'put a name that begins with - after --, as in: cloud instances get -- <id>'],
    [
      'instances launch --image busybox -- -x ls',
      "'ls' is unexpected; put a command after --, for example:\n  cloud instances launch -- -x -- ls",
    ],
    ['api FETCH /x', 'Allowed choices are GET, POST, PUT, PATCH, DELETE.'],
    ['api GET /x -d {}', 'GET takes no body; remove --data or use another method'],
    ['api GET /x -H a[b:c', "'a[b' is not a valid header name"],
    ['api GET /x -H a:龍', 'the header a contains characters that are not allowed in a header'],
    ['instances list --endpoint localhost', "endpoint 'localhost' is not a URL"],
    ['instances list --endpoint foo://x', "endpoint 'foo://x' must begin with http:// or https://"],
    ['instances list --endpoint http://u:geheim@x', 'must not contain a user or a password; log in with: cloud login'],
    ['instances list --tenant 龍', "tenant '龍' is not a tenant id"],
    ['', 'Usage: cloud'],
  ])('%s', async (line, told) => {
    const ended = await at.cloud(line === '' ? [] : words(line));
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain(told);
    expect(at.seen).toHaveLength(0);
  });

  it('takes a query for one, whatever it has in it', async () => {
    expect(await at.cloud(words('api GET /instances?tag=a/../b'))).toMatchObject({ code: 0, stderr: '' });
    expect(at.seen).toMatchObject([{ method: 'GET', path: '/instances' }]);
  });

  it('knows an empty argument for none', async () => {
    const ended = await at.cloud(['instances', 'stop', '']);
    expect(ended).toEqual({
      code: 2,
      stdout: '',
      stderr: "cloud: '' is not an id or a name; see: cloud instances list\n",
    });
    expect(at.seen).toHaveLength(0);
  });

  it('tells a key that cannot be one', async () => {
    for (const key of ['a\nb', '龍']) {
      const ended = await at.cloud(words('instances list'), { env: { CLOUD_API_KEY: key } });
      expect(ended).toEqual({
        code: 3,
        stdout: '',
        stderr:
          'cloud: CLOUD_API_KEY contains characters that are not allowed in a key; copy it again, or unset it and run: cloud login\n',
      });
    }
  });

  it('names the nearest name when there is no such thing', async () => {
    at.answer = ({ path }) => (path === '/instances' ? { data: [DB, WEB] } : NOT_FOUND);
    const ended = await at.cloud(words('instances stop wbe'));
    expect(ended).toEqual({
      code: 4,
      stdout: '',
      stderr: "cloud: instance 'wbe' does not exist. Did you mean 'web'?\n",
    });
    expect((await at.cloud(words('instances exec wbe -- ls'))).stderr).toContain("Did you mean 'web'?");
  });

  it('ends with 3 where nobody is logged in', async () => {
    const none = await at.cloud(words('instances list'), { env: { CLOUD_API_KEY: '' } });
    expect(none).toMatchObject({ code: 3 });
    expect(none.stderr).toContain(`not logged in at ${at.endpoint}. To log in: cloud login`);
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
    expect(ended).toMatchObject({ code: 8 });
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

  it('helps, wherever help is asked for', async () => {
    const help = await at.cloud(['help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toBe((await at.cloud(['--help'])).stdout);
    const launch = await at.cloud(words('instances launch --help'));
    expect(launch.stdout).toMatch(/^Usage: cloud instances launch <name>/);
    for (const line of ['help instances launch', 'instances help launch'])
      expect(await at.cloud(words(line))).toEqual(launch);
    expect((await at.cloud(words('instances help'))).stdout).toMatch(/^Usage: cloud instances <verb>/);
    expect((await at.cloud(words('help login'))).stdout).toMatch(/^Usage: cloud login/);
    expect(at.seen).toHaveLength(0);
  });

  it('completes what it knows', async () => {
    const offers = async (...line: string[]) =>
      (await at.cloud(['__complete', '--', ...line])).stdout.split('\n').slice(0, -1);
    expect(await offers('inst')).toEqual(['instance-types', 'instances']);
    expect(await offers('instances', 'l')).toEqual(['launch', 'list', 'logs']);
    expect(await offers('instances', 'launch', 'web', '--im')).toEqual(['--image']);
    expect(await offers('instances', 'list', '-o', '')).toEqual(['table', 'json', 'yaml', 'name']);
    expect(await offers('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(await offers('help', 'instances', 'l')).toEqual(['launch', 'list', 'logs']);
    expect(await offers('instances', 'exec', 'web', '--', 'l')).toEqual([]);
  });

  it('prints its version', async () => {
    expect(await at.cloud(['version'])).toEqual({ code: 0, stdout: 'cloud 0.1.0\n', stderr: '' });
    expect(await at.cloud(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  });
});
