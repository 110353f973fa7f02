import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand, runInNamespace } from '../run-command.ts';
import { findEngineObstacle } from '../testing.ts';
import { limitSending, unlimitSending } from './bandwidth.ts';

const obstacle = await findEngineObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, the tests of what an instance may send: ${obstacle}`);

/** A bridge as the platform has it, with a sender and a receiver. */
describe.skipIf(obstacle !== undefined)('what an instance may send', () => {
  const [cloud, sender, receiver] = ['cloud', 'from', 'to'].map((word) => `tctest-${process.pid}-${word}`) as [
    string,
    string,
    string,
  ];
  beforeAll(async () => {
    for (const namespace of [cloud, sender, receiver]) await runCommand('ip', ['netns', 'add', namespace]);
    const inside = (namespace: string, lines: string) =>
      runCommand('ip', ['-n', namespace, '-batch', '-'], { input: lines });
    const port = (name: string, peer: string, mac: string) =>
      `link add name ${name} type veth peer name eth0 address ${mac} netns ${peer}\nlink set dev ${name} master bridge0 up\n`;
    await inside(
      cloud,
      `link add name bridge0 type bridge\nlink set dev bridge0 up\n${port('ifrom', sender, '02:5a:00:00:00:01')}${port('ito', receiver, '02:5a:00:00:00:02')}`,
    );
    await inside(receiver, 'addr add 10.0.0.2/24 dev eth0\nlink set dev eth0 up\n');
    await inside(
      sender,
      'addr add 10.0.0.1/24 dev eth0\nlink set dev eth0 up\nneigh add 10.0.0.2 lladdr 02:5a:00:00:00:02 dev eth0\n',
    );
  });
  afterAll(async () => {
    for (const namespace of [cloud, sender, receiver]) await runCommand('ip', ['netns', 'delete', namespace]);
  });

  /** How many of 20,000 small packets arrive, and in how many seconds they were sent. */
  const sendMany = async (): Promise<{ readonly arrived: number; readonly seconds: number }> => {
    const received = async () => {
      const { stdout } = await runCommand('ip', ['-n', receiver, '-s', '-j', 'link', 'show', 'dev', 'eth0']);
      return (JSON.parse(stdout) as [{ stats64: { rx: { packets: number } } }])[0].stats64.rx.packets;
    };
    const before = await received();
    const program = `
      const socket = require('node:dgram').createSocket('udp4');
      let left = 20000, done = 20000;
      const begun = performance.now();
      const next = () => {
        for (let nth = 0; nth < 500 && left > 0; nth++, left--)
          socket.send('x', 9, '10.0.0.2', () => --done === 0 && (console.log(performance.now() - begun), socket.close()));
        if (left > 0) setImmediate(next);
      };
      next();`;
    const { stdout } = await runInNamespace(sender, process.execPath, ['-e', program]);
    return { arrived: (await received()) - before, seconds: Number(stdout) / 1000 };
  };

  test('is so many packets a second, however small they are', async () => {
    expect((await sendMany()).arrived).toBeGreaterThan(19_000);
    await limitSending(cloud, 'ifrom', 50);
    const { arrived, seconds } = await sendMany();
    expect(arrived).toBeLessThan(1_500 + 10_500 * seconds);
    expect(arrived).toBeGreaterThan(900);
    await unlimitSending(cloud, 'ifrom');
    expect((await sendMany()).arrived).toBeGreaterThan(19_000);
  });
});
