import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { cloudAgainstFakeServer } from '../../testing/cloud-against.ts';

const against = cloudAgainstFakeServer();
const guide = readFileSync(join(import.meta.dirname, '../../../../../docs/operator.md'), 'utf8');
const lines = [...guide.matchAll(/^cloud (.*?)(?:\s+#.*)?$/gm)].map((match) => match[1]!);
const words = (line: string) => [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!);

it('the guide for operators has commands', () => expect(lines.length).toBeGreaterThan(25));

it.each(lines.filter((line) => !/^(doctor|support-bundle)/.test(line)))(
  'cloud %s, of the guide, is sent',
  async (line) => {
    against.answer = ({ method, path }) => ({
      data: method === 'GET' && !/\/(status|settings\/\w+)$/.test(path) ? [] : {},
    });
    const ended = await against.cloud(words(line));
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(against.seen.length).toBeGreaterThan(0);
  },
);
