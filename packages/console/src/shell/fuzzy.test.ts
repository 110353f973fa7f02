import { describe, expect, it } from 'vitest';
import { bestOf, fitOf } from './fuzzy.ts';

const thing = (id: string, words = id) => ({ id, words });
const ids = (things: readonly { id: string }[]) => things.map(({ id }) => id);

describe('what was typed fits', () => {
  it('a beginning better than a later word, that better than a part, and that better than scattered letters', () => {
    const fits = ['web server', 'my web', 'cobweb', 'w-e-b'].map((text) => fitOf('web', text)!);
    expect(fits).toEqual([...fits].sort((one, other) => other - one));
    expect(new Set(fits).size).toBe(4);
  });

  it('only if each word does, in any case and order', () => {
    expect(fitOf('VPC create', 'Create a VPC')).toBeDefined();
    expect(fitOf('vpc delete', 'Create a VPC')).toBeUndefined();
  });

  it('not letters that are scattered all over a text', () => {
    expect(fitOf('ilt', 'instances, a list of everything there is')).toBeUndefined();
    expect(fitOf('insts', 'instances')).toBeDefined();
  });

  it('what is no markup, no expression and no letter of ours as it is', () => {
    expect(fitOf('<b>', 'a <b> c')).toBeDefined();
    expect(fitOf('.*', 'anything')).toBeUndefined();
    expect(fitOf('é日', 'é日本')).toBeDefined();
  });
});

describe('the best', () => {
  it('come first, and are at most so many', () => {
    const things = [thing('cobweb'), thing('web'), thing('mail'), thing('my web')];
    expect(ids(bestOf(things, 'web', [], 8))).toEqual(['web', 'my web', 'cobweb']);
    expect(ids(bestOf(things, 'web', [], 1))).toEqual(['web']);
  });

  it('among equals are those that were chosen last', () => {
    const things = [thing('one', 'web a'), thing('two', 'web b'), thing('three', 'web c')];
    expect(ids(bestOf(things, 'web', ['three', 'two'], 8))).toEqual(['three', 'two', 'one']);
  });

  it('are found by the beginning of an id, but not by two letters of it', () => {
    const things = [{ id: 'x', words: 'web', ref: '01a2db3c-ffff' }];
    expect(ids(bestOf(things, '01A2DB', [], 8))).toEqual(['x']);
    expect(bestOf(things, 'db', [], 8)).toEqual([]);
    expect(bestOf(things, 'ffff', [], 8)).toEqual([]);
  });

  it('keep their order where nothing is typed', () => {
    expect(ids(bestOf([thing('long name'), thing('b')], ' ', [], 8))).toEqual(['long name', 'b']);
  });
});
