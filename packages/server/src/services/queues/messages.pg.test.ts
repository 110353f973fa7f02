import { describe, expect, it } from 'vitest';
import { setUpApi } from '../../testing/set-up-api.ts';
import { insertQueue } from './message-examples.ts';

const { api, owner } = await setUpApi();
const stranger = await api.makeActor();
const make = (settings: Record<string, unknown> = {}) => insertQueue(api.worldOf(owner), settings);
const send = (id: string, body: string, more: object = {}) => api.call('queues.send', { id, body, ...more }, owner);
const receive = (id: string, more: object = {}) => api.call('queues.receive', { id, ...more }, owner);

describe('messages at REST', () => {
  it('are sent with attributes, received and deleted', async () => {
    const id = await make();
    const attributes = {
      kind: { type: 'String', value: 'greeting' },
      size: { type: 'Number.int', value: '-1.5e3' },
      raw: { type: 'Binary', value: 'aGVsbG8=' },
    };
    const sent = await send(id, 'hélló 👋', { attributes, trace_header: 'Root=1-5759e988' });
    expect(sent.status).toBe(201);
    expect(sent.data).toMatchObject({ queue_id: id, md5: 'b38ee4955b172cc675395a35207cad3e' });
    const peeked = await api.call('queues.peek', { id }, owner);
    expect(peeked.data).toMatchObject([{ id: sent.data.id, received_count: 0 }]);
    expect(peeked.data[0].receipt_handle).toBeUndefined();
    const received = await receive(id, { max_messages: 10 });
    expect(received.status).toBe(200);
    expect(received.data).toMatchObject([
      {
        id: sent.data.id,
        body: 'hélló 👋',
        attributes,
        received_count: 1,
        sender: owner.userId,
        trace_header: 'Root=1-5759e988',
        size:
          Buffer.byteLength('hélló 👋') +
          'kindStringgreeting'.length +
          'sizeNumber.int-1.5e3'.length +
          'rawBinary'.length +
          5,
      },
    ]);
    const handle = received.data[0].receipt_handle;
    const changed = await api.call(
      'queues.changeVisibility',
      { id, receipt_handle: handle, visibility_timeout: 600 },
      owner,
    );
    expect(Date.parse(changed.data.visible_at) - Date.now()).toBeGreaterThan(590_000);
    expect((await api.call('queues.stats', { id }, owner)).data).toMatchObject({
      visible: 0,
      in_flight: 1,
      delayed: 0,
    });
    expect((await api.call('queues.deleteMessage', { id, receipt_handle: handle }, owner)).status).toBe(204);
    const again = await api.call('queues.deleteMessage', { id, receipt_handle: handle }, owner);
    expect([again.status, again.code]).toEqual([404, 'MESSAGE_NOT_FOUND']);
  });

  it('go in batches, each entry for itself', async () => {
    const id = await make({ max_message_size: 1024 });
    const sent = await api.call(
      'queues.sendBatch',
      {
        id,
        entries: [
          { id: 'good', body: 'a' },
          { id: 'long', body: 'x'.repeat(2000) },
          { id: 'odd', body: 'a\u0001' },
          { id: 'late', body: 'b', delay_seconds: 900 },
        ],
      },
      owner,
    );
    expect(sent.status).toBe(200);
    expect(sent.data.successful.map((one: { id: string }) => one.id)).toEqual(['good', 'late']);
    expect(sent.data.failed.map((one: { id: string; code: string }) => [one.id, one.code])).toEqual([
      ['long', 'MESSAGE_TOO_LARGE'],
      ['odd', 'MESSAGE_CONTENT_INVALID'],
    ]);
    const [one] = (await receive(id)).data;
    const bad = one.receipt_handle.replace(/.{4}$/, 'ffff');
    const entries = [
      { id: 'a', receipt_handle: one.receipt_handle, visibility_timeout: 0 },
      { id: 'b', receipt_handle: bad, visibility_timeout: 0 },
      { id: 'c', receipt_handle: 'nonsense', visibility_timeout: 0 },
    ];
    const changed = await api.call('queues.changeVisibilities', { id, entries }, owner);
    expect(changed.data).toEqual({
      successful: [{ id: 'a' }],
      failed: [
        { id: 'b', code: 'MESSAGE_NOT_IN_FLIGHT', message: expect.any(String) },
        { id: 'c', code: 'RECEIPT_HANDLE_INVALID', message: expect.any(String) },
      ],
    });
    const deleted = await api.call(
      'queues.deleteMessages',
      { id, entries: entries.map(({ id: entry, receipt_handle }) => ({ id: entry, receipt_handle })) },
      owner,
    );
    expect(deleted.data.successful).toEqual([{ id: 'a' }]);
    expect(deleted.data.failed.map((failed: { code: string }) => failed.code)).toEqual([
      'MESSAGE_NOT_FOUND',
      'RECEIPT_HANDLE_INVALID',
    ]);
  });

  it('wait for a receiver, and a receiver for them', async () => {
    const id = await make({ receive_wait_seconds: 10 });
    const waiting = receive(id);
    await send(id, 'now');
    expect((await waiting).data).toMatchObject([{ body: 'now' }]);
  });

  it('are not waited for beyond the end of the key', async () => {
    const id = await make();
    const key = await api.makeKey(owner);
    await api.owner.query(
      `update api_keys set expires_at = now() + interval '2 seconds' where key = encode(sha256($1::bytea), 'hex')`,
      [key],
    );
    const began = performance.now();
    const waited = await api.call('queues.receive', { id, wait_seconds: 20 }, { ...owner, key });
    expect([waited.status, waited.data]).toEqual([200, []]);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it('hold up to a mebibyte, with the characters that JSON writes as six bytes', async () => {
    const id = await make({ max_message_size: 1_048_576 });
    const body = '\t"'.repeat(524_288);
    expect((await send(id, body)).status).toBe(201);
    expect((await receive(id)).data[0].body).toBe(body);
    expect((await send(id, `${body}x`)).code).toBe('INVALID_INPUT');
  });

  it.each<[string, object, string]>([
    ['a body that is empty', { body: '' }, 'INVALID_INPUT'],
    ['a NUL', { body: 'a\u0000b' }, 'INVALID_INPUT'],
    ['a character that XML does not know', { body: 'a\u0001b' }, 'MESSAGE_CONTENT_INVALID'],
    ['a character that stands for none', { body: 'a\uffffb' }, 'MESSAGE_CONTENT_INVALID'],
    ['more than the queue takes', { body: 'x'.repeat(262_145) }, 'MESSAGE_TOO_LARGE'],
    ['an attribute without a value', { body: 'a', attributes: { a: { type: 'String', value: '' } } }, 'INVALID_INPUT'],
    ['a number that is none', { body: 'a', attributes: { a: { type: 'Number', value: '1x' } } }, 'INVALID_INPUT'],
    ['what is not base64', { body: 'a', attributes: { a: { type: 'Binary', value: 'a' } } }, 'INVALID_INPUT'],
    ["a name that is AWS's", { body: 'a', attributes: { 'AWS.x': { type: 'String', value: 'a' } } }, 'INVALID_INPUT'],
    ['a deduplication id', { body: 'a', deduplication_id: 'd' }, 'INVALID_INPUT'],
  ])('are refused with %s', async (_, input, code) => {
    const refused = await api.call('queues.send', { id: await make(), ...input }, owner);
    expect([refused.status, refused.code]).toEqual([400, code]);
  });

  it("are another tenant's nowhere, by the queue or by a handle", async () => {
    const id = await make();
    await send(id, 'mine');
    const theirs = await insertQueue(api.worldOf(stranger));
    for (const name of ['queues.receive', 'queues.peek', 'queues.stats'])
      expect((await api.call(name, { id }, stranger)).status).toBe(404);
    const [message] = (await receive(id)).data;
    const stolen = await api.call(
      'queues.deleteMessage',
      { id: theirs, receipt_handle: message.receipt_handle },
      stranger,
    );
    expect([stolen.status, stolen.code]).toEqual([400, 'RECEIPT_HANDLE_INVALID']);
    // With the mark of the other queue, it is of no message there.
    const forged = `${message.receipt_handle.slice(0, 32)}${theirs.slice(-8)}${message.receipt_handle.slice(40)}`;
    expect((await api.call('queues.deleteMessage', { id: theirs, receipt_handle: forged }, stranger)).status).toBe(404);
    expect((await api.call('queues.deleteMessage', { id, receipt_handle: message.receipt_handle }, owner)).status).toBe(
      204,
    );
  });
});
