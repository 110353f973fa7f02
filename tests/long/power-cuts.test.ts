import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../queues/faults.ts';
import { findDiskObstacle } from '../queues/power.ts';
import { type PoweredWorld, playPowerCut, startPoweredWorld } from '../queues/power-scene.ts';

const SEED = Math.floor(Number(process.env['QUEUE_SEED'] ?? performance.timeOrigin % 1e9));
/** How often the power fails. */
const CUTS = Number(process.env['QUEUE_CUTS'] ?? 10);

const obstacle = await findDiskObstacle();
if (obstacle !== undefined) console.warn(`NOT RUN, power cuts under load: ${obstacle}`);

describe.skipIf(obstacle !== undefined)('when the power fails under load', () => {
  let powered: PoweredWorld;
  beforeAll(async () => {
    powered = await startPoweredWorld();
  });
  afterAll(() => powered?.close());

  test('the platform starts again, though its program was written a moment ago', async () => {
    // The first start had no older program to replace; the second one has.
    for (let count = 0; count < 2; count++) await powered.cutPower();
  });

  test(`no acknowledged message is lost, and no acknowledged deletion, ${CUTS} times`, async () => {
    for (let count = 0; count < CUTS; count++)
      expect(await playPowerCut(powered, `cut-${count}`, SEED + count), `seed ${SEED}`).toEqual([]);
  });

  test('it is noticed if the database does not wait for the disk', async () => {
    const superuser = await connect(powered.world);
    await superuser.query('alter role cloud_data set synchronous_commit to off');
    await superuser.query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = 'cloud_data'`);
    await superuser.end();
    expect(await playPowerCut(powered, 'careless', SEED)).not.toEqual([]);
  });
});
