import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Client, createTenant } from '../../packages/testkit/src/platform-api.ts';
import { createVpc, launch, sh, type Use } from '../acceptance/instances.ts';

/** A tenant that does what tenants do, beside an attack. */
export interface Neighbour {
  readonly client: Client;
}

/** Milliseconds; medians but for `worstRequest`, the 99th percentile. */
export interface Reading {
  readonly request: number;
  readonly worstRequest: number;
  /** From the call to RUNNING. */
  readonly launch: number;
  /** A ping between two of its instances, through the router of its VPC. */
  readonly packet: number;
  /** Of a hundred packets. */
  readonly lost: number;
}

/** How long each attack goes on, in seconds. ATTACK_SECONDS makes it longer. */
export const ATTACK_SECONDS = Number(process.env['ATTACK_SECONDS'] ?? 3);

/**
 * What each figure may become while somebody attacks, as a multiple of the quiet one: twice, if the machine has nothing else to do. The
 * quick tests allow ten times, since a busy machine of a test run is no measure.
 */
const FACTOR = Number(process.env['ATTACK_FACTOR'] ?? 10);
/**
 * Below this a figure is good, whatever it was before: the clock and the scheduler are no finer. The 99th percentile of a few seconds is the
 * slowest of some hundred requests, for which one pause of the processor is enough.
 */
const GOOD = { request: 25, worstRequest: 50 * FACTOR, launch: 1_500, packet: 0.5 * FACTOR };

export async function createNeighbour(use: Use, name: string): Promise<Neighbour> {
  const client = await createTenant(use(), name);
  await createVpc(client, 'net');
  await launch(client, 'one', { vpc_id: 'net' });
  await launch(client, 'two', { vpc_id: 'net' });
  return { client };
}

/** What the neighbour sees for some seconds. */
export async function readNeighbour({ client }: Neighbour, seconds: number): Promise<Reading> {
  const until = performance.now() + seconds * 1000;
  const requests: number[] = [];
  const launches: number[] = [];
  const ask = async () => {
    while (performance.now() < until || requests.length === 0) {
      requests.push(await time(() => client.ask('GET', '/vpcs')));
      await pause(20);
    }
  };
  const launchAgain = async () => {
    while (performance.now() < until || launches.length === 0) {
      let id = '';
      launches.push(await time(async () => ({ id } = await launch(client, 'another'))));
      await client.ask('DELETE', `/instances/${id}`);
    }
  };
  const ping = async () => {
    const { out, err } = await sh(
      client,
      'one',
      `ping -q -i 0.1 -c ${Math.max(5, Math.ceil(seconds * 10))} -W 1 two`,
      60,
    );
    const lost = Number(/([\d.]+)% packet loss/.exec(out)?.[1] ?? 100);
    const packet = Number(/= [\d.]+\/([\d.]+)\//.exec(out)?.[1] ?? Number.NaN);
    if (Number.isNaN(packet)) throw new Error(`the neighbour's ping: ${out}${err}`);
    return { packet, lost };
  };
  const [{ packet, lost }] = await Promise.all([ping(), ask(), launchAgain()]);
  return { request: at(requests, 0.5), worstRequest: at(requests, 0.99), launch: at(launches, 0.5), packet, lost };
}

/**
 * Reads a neighbour before, during and after an attack, prints the figures and compares them. The attack does its worst until the signal,
 * then resolves; what it throws fails the test.
 */
export async function attackBeside(
  neighbour: Neighbour,
  name: string,
  attack: (ended: AbortSignal) => Promise<void>,
  seconds = ATTACK_SECONDS,
): Promise<{ readonly quiet: Reading; readonly during: Reading; readonly after: Reading }> {
  const quiet = await readNeighbour(neighbour, Math.min(seconds, 2));
  const end = new AbortController();
  const attacking = attack(end.signal);
  attacking.catch(() => undefined);
  let during: Reading;
  try {
    // It begins in earnest first.
    await pause(500);
    during = await readNeighbour(neighbour, seconds);
  } finally {
    end.abort();
    await attacking;
  }
  const after = await readNeighbour(neighbour, Math.min(seconds, 2));
  console.info(`attack, ${name}: ${inWords({ quiet, during, after })}`);
  for (const [when, reading] of Object.entries({ during, after }))
    for (const member of ['request', 'worstRequest', 'launch', 'packet'] as const)
      expect(reading[member], `${member} ${when} ${name}`).toBeLessThan(Math.max(quiet[member] * FACTOR, GOOD[member]));
  expect(after.lost, `packets lost after ${name}`).toBeLessThan(5);
  return { quiet, during, after };
}

const inWords = (readings: Readonly<Record<string, Reading>>): string =>
  (['request', 'worstRequest', 'launch', 'packet', 'lost'] as const)
    .map((member) => {
      const figures = Object.values(readings).map((reading) => Number(reading[member].toPrecision(3)));
      return `${member === 'worstRequest' ? 'request p99' : member} ${figures.join(' → ')}${member === 'lost' ? ' %' : ' ms'}`;
    })
    .join(', ');

async function time(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const at = (values: readonly number[], place: number): number =>
  [...values].sort((one, other) => one - other)[Math.min(values.length - 1, Math.floor(values.length * place))]!;
