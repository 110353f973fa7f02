import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createUnderWay } from './under-way.ts';

describe('requests under way', () => {
  it('of a tenant are at most 800, however many keys it has', () => {
    const underWay = createUnderWay();
    const enter = (keyId: string, tenantId: string) => {
      const response = Object.assign(new EventEmitter(), { closed: false });
      const request = { socket: Object.assign(new EventEmitter(), { destroyed: false }) };
      underWay.enterKey(keyId, tenantId, request as unknown as IncomingMessage, response as unknown as ServerResponse);
      return () => response.emit('close');
    };
    const ends = Array.from({ length: 800 }, (_, nth) => enter(`key ${nth % 8}`, 'busy'));
    expect(() => enter('another key', 'busy')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }));
    enter('a key', 'neighbour');
    ends[0]!();
    enter('another key', 'busy');
  });
});
