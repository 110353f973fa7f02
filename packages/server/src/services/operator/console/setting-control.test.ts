import { describe, expect, it } from 'vitest';
import { controlOf } from './setting-control.ts';

describe('the control of a setting', () => {
  it('of a whole number takes a number', () => {
    expect(controlOf({ default: '24', description: 'Hours until a login expires' })).toEqual({ kind: 'number' });
  });

  it('whose words are explained takes one of them', () => {
    const description = 'open: anybody can register; closed: nobody new can. The default is CLOUD_REGISTRATION';
    expect(controlOf({ default: 'open', description })).toEqual({ kind: 'choice', choices: ['open', 'closed'] });
  });

  it('of a text takes a text, of many words if there is none by default', () => {
    expect(controlOf({ default: 'The Cloud', description: 'Name of the platform, in its public status' })).toEqual({
      kind: 'text',
    });
    const description = 'Message to everybody, in the public status; empty: none';
    expect(controlOf({ default: '', description })).toEqual({ kind: 'long' });
  });
});
