import { describe, expect, it } from 'vitest';
import { changed, withMove, withVersion } from './stages.ts';

const versions = [
  { id: 'c', stages: ['AWSCURRENT'] },
  { id: 'b', stages: ['AWSPREVIOUS', 'blue'] },
  { id: 'a', stages: [] },
];
const of = (stages: ReadonlyMap<string, readonly string[]>) => Object.fromEntries(stages);

describe('a new version', () => {
  it('is the current one of a secret without versions, whatever its stages', () => {
    expect(of(withVersion([], 'a', ['green']))).toEqual({ a: ['AWSCURRENT', 'green'] });
    expect(of(withVersion([], 'a', []))).toEqual({ a: ['AWSCURRENT'] });
  });
  it('that becomes current makes the one before the previous one, and the previous one nothing', () => {
    expect(of(withVersion(versions, 'd', ['AWSCURRENT']))).toEqual({
      d: ['AWSCURRENT'],
      c: ['AWSPREVIOUS'],
      b: ['blue'],
      a: [],
    });
  });
  it('with another stage leaves the current one as it is, and takes the stage from where it was', () => {
    expect(of(withVersion(versions, 'd', ['AWSPENDING', 'blue']))).toEqual({
      d: ['AWSPENDING', 'blue'],
      c: ['AWSCURRENT'],
      b: ['AWSPREVIOUS'],
      a: [],
    });
  });
  it('has twenty stages at most', () => {
    const many = Array.from({ length: 21 }, (_, n) => `stage${n}`);
    expect(() => withVersion(versions, 'd', many)).toThrow('21 stages, and 20 is the most');
  });
});

describe('moving a stage', () => {
  it('of the current version swaps it with the previous one', () => {
    const moved = withMove(versions, 'AWSCURRENT', { from: 'c', to: 'b' });
    expect(of(moved)).toEqual({ c: ['AWSPREVIOUS'], b: ['blue', 'AWSCURRENT'], a: [] });
    expect(changed(versions, moved).map(({ id }) => id)).toEqual(['c', 'b']);
  });
  it('without saying where it is moves it from anywhere', () => {
    expect(of(withMove(versions, 'blue', { to: 'a' }))).toMatchObject({ b: ['AWSPREVIOUS'], a: ['blue'] });
  });
  it('to where it is changes nothing', () => {
    expect(changed(versions, withMove(versions, 'blue', { from: null, to: 'b' }))).toEqual([]);
  });
  it('takes it away, but never from the current version', () => {
    expect(of(withMove(versions, 'blue', { from: 'b', to: null }))).toMatchObject({ b: ['AWSPREVIOUS'] });
    expect(() => withMove(versions, 'AWSCURRENT', { from: 'c', to: null })).toThrow('not be taken away');
  });
  it('is refused if it is not where the caller saw it', () => {
    expect(() => withMove(versions, 'blue', { from: 'c', to: 'a' })).toThrow("is at version 'b'");
    expect(() => withMove(versions, 'blue', { from: null, to: 'a' })).toThrow("is at version 'b'");
    expect(() => withMove(versions, 'green', { from: 'c', to: 'a' })).toThrow('is at no version');
    expect(() => withMove(versions, 'blue', { to: 'x' })).toThrow("no version 'x'");
  });
});
