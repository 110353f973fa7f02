import { describe, expect, test } from 'vitest';
import { logIn } from './act.ts';
import type { Use } from './stage.ts';

/** The hand-written page of a queue: its depth, sending, looking, receiving, purging, and the way back of dead letters. */
export function describeQueue(use: Use): void {
  describe('a queue on its page', () => {
    const at = (path: string): string => `${use().platform.address}/console/t/${use().world().tenant.slug}${path}`;

    test('is created, filled, looked at, received from and purged', { timeout: 120_000 }, async () => {
      const { platform, browser, world } = use();
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at('/queues/new'));
        await page.getByLabel('Name').first().fill('thumbnails');
        await page.getByLabel('Name').first().press('Enter');
        await page.getByRole('heading', { level: 1, name: /^thumbnails/ }).waitFor();
        const depth = (words: string) => page.getByRole('img', { name: `Messages of thumbnails: ${words}` }).waitFor();
        await depth('0 visible, 0 in flight, 0 delayed');
        await page.getByText(/^http:\S+\/\d{12}\/thumbnails$/).waitFor();

        await page.getByRole('tab', { name: 'Send' }).click();
        await page.getByLabel('Text').fill('<b>photo</b> 1');
        await page.getByRole('button', { name: 'Add an attribute' }).click();
        await page.getByLabel('Name of attribute 1').fill('user');
        await page.getByLabel('Value of attribute 1').fill('ann');
        await page.getByText('The same with code').click();
        await page.getByText(/cloud queues send/).waitFor();
        await page.getByRole('button', { name: 'Send', exact: true }).click();
        await page
          .getByText(/^Sent as /)
          .first()
          .waitFor();
        await page.getByRole('checkbox', { name: 'Each line is a message' }).check();
        await page.getByLabel('Text').fill('photo 2\n\nphoto 3\nphoto 4\n');
        await page.getByRole('button', { name: 'Send', exact: true }).click();
        await page.getByText('3 messages were sent').first().waitFor();

        // Looking changes nothing, receiving does.
        await page.getByRole('tab', { name: 'Messages' }).click();
        const waiting = page.getByRole('list', { name: 'Messages in the queue' }).locator('> li');
        await expect.poll(() => waiting.count()).toBe(4);
        await waiting.first().locator('summary').click();
        await waiting.first().getByText('ann').waitFor();
        await page.getByRole('spinbutton', { name: 'Messages' }).fill('3');
        await page.getByRole('button', { name: 'Receive', exact: true }).click();
        const received = page.getByRole('region', { name: 'Received messages' });
        const held = received.locator('li');
        await expect.poll(() => held.count()).toBe(3);
        await held
          .first()
          .getByText(/^hidden for \d+ s$/)
          .waitFor();
        await held.first().getByRole('button', { name: 'Hide for 30 s from now' }).click();
        await held
          .first()
          .getByText(/^hidden for (29|30) s$/)
          .waitFor();
        await held.first().getByRole('button', { name: 'Delete', exact: true }).click();
        await expect.poll(() => held.count()).toBe(2);
        await received.getByRole('button', { name: 'Give 2 back' }).click();
        await received.waitFor({ state: 'detached' });
        await page.getByRole('button', { name: 'Look again' }).click();
        await expect.poll(() => waiting.count()).toBe(3);

        await page.getByRole('tab', { name: 'Overview' }).click();
        await depth('3 visible, 0 in flight, 0 delayed');
        await page.getByRole('button', { name: 'Purge' }).click();
        await page.getByRole('dialog').getByRole('textbox').fill('thumbnails');
        await page.getByRole('dialog').getByRole('button', { name: 'Purge' }).click();
        await depth('0 visible, 0 in flight, 0 delayed');
      });
    });

    test('waits for a message that somebody sends, and stops waiting when asked to', async () => {
      const { platform, browser, world } = use();
      const { client } = world().people.owner;
      const { id } = await client.ask('POST', '/queues', { name: 'waited-for' });
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at(`/queues/${id}?tab=messages`));
        await page.getByText('The queue is empty').waitFor();
        await page.getByRole('spinbutton', { name: 'Wait (s)' }).fill('20');
        await page.getByRole('button', { name: 'Receive', exact: true }).click();
        await page.getByRole('button', { name: 'Stop waiting' }).click();
        await page.getByRole('button', { name: 'Stop waiting' }).waitFor({ state: 'detached' });
        await page.getByRole('button', { name: 'Receive', exact: true }).click();
        await page.getByText('Waiting for a message').waitFor();
        await client.ask('POST', `/queues/${id}/messages`, { body: 'at last' });
        await page.getByRole('region', { name: 'Received messages' }).getByText('at last').first().waitFor();
      });
    });

    test('moves its dead letters back, and says from which queues they come', async () => {
      const { platform, browser, world } = use();
      const { client } = world().people.owner;
      const { id } = await client.ask('POST', '/queues', { name: 'dead-letters' });
      const source = { name: 'tried-once', dead_letter_queue_id: 'dead-letters', max_receive_count: 1 };
      await client.ask('POST', '/queues', source);
      for (const body of ['one', 'two']) await client.ask('POST', '/queues/tried-once/messages', { body });
      for (let times = 0; times < 2; times++)
        await client.ask('GET', '/queues/tried-once/messages?max_messages=10&visibility_timeout=0');
      await browser.visit(platform.address, async (visitor) => {
        const { page } = visitor;
        await logIn(visitor, world().people.owner);
        await page.goto(at(`/queues/${id}`));
        await page.getByRole('heading', { name: 'Queues whose dead letters come here' }).waitFor();
        await page.getByRole('link', { name: 'tried-once' }).waitFor();
        await page.getByRole('tab', { name: 'Redrive' }).click();
        await page.getByRole('button', { name: 'Move', exact: true }).click();
        const tasks = page.getByRole('list', { name: 'Tasks that move messages' });
        await tasks.getByText('COMPLETED').waitFor({ timeout: 30_000 });
        await tasks.getByText('2 of 2 moved').waitFor();
        expect((await client.ask('GET', '/queues/tried-once/stats')).visible).toBe(2);

        // What may be null is taken away by an empty field.
        await page.goto(at('/queues/tried-once'));
        await page.getByRole('button', { name: 'Update' }).click();
        const dialog = page.getByRole('dialog');
        await dialog.getByLabel(/^Dead letter queue/).fill('');
        await dialog.getByLabel(/^Max receive count/).fill('');
        await dialog.getByRole('button', { name: 'Update' }).click();
        await dialog.waitFor({ state: 'detached' });
        const changed = await client.ask('GET', '/queues/tried-once');
        expect([changed.dead_letter_queue_id, changed.max_receive_count]).toEqual([undefined, undefined]);
      });
    });
  });
}
