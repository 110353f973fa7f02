import { describe, expect, it } from 'vitest';
import { cloudAgainstFakeServer, DB, NOT_FOUND, WEB, words } from './testing/cloud-against.ts';

const at = cloudAgainstFakeServer();

describe('waiting', () => {
  const launch = words('instances launch web --image busybox');

  it('leaves the wait to the server, and shows nothing in a pipe', async () => {
    at.answer = () => ({ status: 202, data: WEB });
    const ended = await at.cloud([...launch, '--wait=20', '-q']);
    expect(ended).toEqual({ code: 0, stdout: `${WEB.id}\n`, stderr: '' });
    expect(at.seen.map((request) => request.query.get('wait'))).toEqual(['20']);
  });

  it('looks on when the server has let go', async () => {
    at.answer = (_, nth) => ({ data: { ...WEB, status: nth < 3 ? 'STARTING' : 'RUNNING' } });
    expect(await at.cloud([...launch, '--wait'])).toMatchObject({ code: 0, stderr: '' });
    expect(at.seen.map(({ method, path, query }) => `${method} ${path} ${query}`)).toEqual([
      'POST /instances wait=60',
      `GET /instances/${WEB.id} `,
      `GET /instances/${WEB.id} `,
    ]);
  });

  it('tells on a terminal how far it is', async () => {
    at.answer = (_, nth) => ({
      data: {
        ...WEB,
        status: nth < 3 ? 'STARTING' : 'RUNNING',
        status_reason: nth < 3 ? 'building debian/12' : undefined,
      },
    });
    const ended = await at.cloud([...launch, '--wait'], { typed: [], env: { NO_COLOR: '1' } });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('⠋ web: STARTING (building debian/12) 0s');
    expect(ended.stderr.endsWith('\r\u001b[K')).toBe(true);
    expect(at.seen[0]!.query.has('wait')).toBe(false);
  });

  it('is the default of a change on a terminal, and of nothing else', async () => {
    at.answer = (_, nth) => ({ data: nth < 2 ? DB : { ...DB, status: 'RUNNING' } });
    const watched = await at.cloud(words('instances start database'), { typed: [], env: { NO_COLOR: '1' } });
    expect(watched).toMatchObject({ code: 0 });
    expect(watched.stdout).toMatch(/^status +RUNNING$/m);
    expect(at.seen).toHaveLength(2);
    at.answer = () => ({ data: DB });
    for (const [line, typed] of [
      ['instances start database --no-wait', []],
      ['instances get database', []],
      ['instances start database', undefined],
    ] as const) {
      const before = at.seen.length;
      expect((await at.cloud(words(line), typed ? { typed } : {})).stdout, line).toContain('STARTING');
      expect(at.seen, line).toHaveLength(before + 1);
      expect(at.seen.at(-1)!.query.has('wait'), line).toBe(false);
    }
  });

  it('fails with the reason, and still prints what there is', async () => {
    at.answer = () => ({ data: { ...WEB, status: 'ERROR', status_reason: 'no such image' } });
    const ended = await at.cloud([...launch, '--wait', '-q']);
    expect(ended).toEqual({ code: 1, stdout: `${WEB.id}\n`, stderr: 'cloud: web is ERROR: no such image\n' });
  });

  it('ends when its time is up', async () => {
    at.answer = () => ({ data: DB });
    const ended = await at.cloud(words('instances start database --wait 1 -q'));
    expect(ended).toMatchObject({ code: 7, stdout: `${DB.id}\n` });
    expect(ended.stderr).toBe(
      'cloud: database is still STARTING after 1 s. To keep waiting: cloud instances get database --wait\n',
    );
  });

  it('does not take the next word for its seconds', async () => {
    at.answer = () => ({ data: WEB });
    expect((await at.cloud(words('instances get --wait web -q'))).stdout).toBe(`${WEB.id}\n`);
    expect(at.seen[0]).toMatchObject({ path: '/instances/web' });
    expect(at.seen[0]!.query.get('wait')).toBe('60');
    expect(await at.cloud(words('instances get web --wait=soon'))).toMatchObject({ code: 2 });
  });

  it('waits for the end of what is deleted, by id', async () => {
    at.answer = ({ method }, nth) =>
      method === 'DELETE'
        ? { data: { message: 'soon' } }
        : nth > 3
          ? NOT_FOUND
          : { data: { ...WEB, status: 'DELETING' } };
    expect(await at.cloud(words('instances delete web --wait'))).toEqual({
      code: 0,
      stdout: 'soon\n',
      stderr: 'web is gone\n',
    });
    expect(at.seen.at(-1)!.path).toBe(`/instances/${WEB.id}`);
  });
});

describe('questions', () => {
  it('asks before it deletes, on a terminal only', async () => {
    at.answer = () => ({ data: { message: 'gone' } });
    const no = await at.cloud(words('instances delete web'), { typed: ['n'] });
    expect(no).toMatchObject({ code: 1 });
    expect(no.stderr).toContain("Delete instance 'web'? Stops it by force and removes it with its disk.");
    expect(no.stderr).toContain('cloud: nothing was changed\n');
    expect(at.seen).toHaveLength(0);
    expect(await at.cloud(words('instances delete web --no-wait'), { typed: ['y'] })).toMatchObject({ code: 0 });
    expect(await at.cloud(words('instances delete web --no-wait --yes'), { typed: [] })).toMatchObject({ code: 0 });
    expect(at.seen).toHaveLength(2);
  });
});
